"""What the rooms are like, as data: a TOML file with kinds of rooms, the share of each, and what they send.

    description = "..."

    [[rooms]]
    share = 3                                  # of the sum of all shares in the file
    audio = { recordings = ["zh-*"], talking = 0.7, chunk_ms = 500, sample_rate = 16000, language = "zh" }

Each medium that a room sends has a table of its own, one at least: `Audio` says what goes into `audio`,
`Frames` what into `frames`. A file may also name `steps`, the numbers of rooms that are played unless others
are asked for; without them the largest number that is carried is looked for.
"""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from liveroom._config import MAX_CHUNK_S, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

from perf.load.video import CLIPS, QUALITY
from perf.rooms.tables import Table

FOLDER = Path(__file__).with_name("profiles")
SHORTEST_CHUNK_MS = 20
LONGEST_CHUNK_MS = round(1000 * MAX_CHUNK_S)
FORMATS = ("int16", "float32")
MOST_FRAMES = 60
SMALLEST, LARGEST = 16, 3840


class ProfileError(RuntimeError):
    """A profile can't be used; the message names the file, the key, the value and what would be right."""


@dataclass(frozen=True)
class Audio:
    """The sound of a kind of room.

    recordings: patterns of names in `exporters.speech`; without any, nobody ever speaks. talking: the share
    of the time that recordings play, the rest are pauses between them. chunk_ms: length of a chunk.
    sample_rate: Hz. format: of the samples. language: what the server is told of it.
    """

    recordings: tuple[str, ...] = ()
    talking: float = 0.0
    chunk_ms: int = 250
    sample_rate: int = 16_000
    format: str = "int16"
    language: str = "auto"

    @classmethod
    def read(cls, table: Table) -> "Audio":
        """Out of a table. Raises ValueError."""
        audio = cls(
            table.texts("recordings"),
            table.number("talking", cls.talking),
            table.whole("chunk_ms", cls.chunk_ms),
            table.whole("sample_rate", cls.sample_rate),
            table.text("format", cls.format),
            table.text("language", cls.language),
        )
        table.only()
        if not 0 <= audio.talking <= 1 or (audio.talking > 0) != bool(audio.recordings):
            right = "more than 0 and at most 1" if audio.recordings else "0 without recordings"
            raise table.wrong("talking", right)
        if not SHORTEST_CHUNK_MS <= audio.chunk_ms <= LONGEST_CHUNK_MS:
            raise table.wrong("chunk_ms", f"{SHORTEST_CHUNK_MS} to {LONGEST_CHUNK_MS}")
        if not MIN_SAMPLE_RATE <= audio.sample_rate <= MAX_SAMPLE_RATE:
            raise table.wrong("sample_rate", f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")
        if audio.format not in FORMATS:
            raise table.wrong("format", " or ".join(FORMATS))
        return audio


@dataclass(frozen=True)
class Frames:
    """The video of a kind of room.

    clip: a name of `perf.load.video.CLIPS`, over and over. per_second: frames. width, height: pixels.
    quality: of JPEG.
    """

    clip: str = "smiling_head"
    per_second: float = 5.0
    width: int = 640
    height: int = 480
    quality: int = QUALITY

    @classmethod
    def read(cls, table: Table) -> "Frames":
        """Out of a table. Raises ValueError."""
        frames = cls(
            table.text("clip", cls.clip),
            table.number("per_second", cls.per_second),
            table.whole("width", cls.width),
            table.whole("height", cls.height),
            table.whole("quality", cls.quality),
        )
        table.only()
        if frames.clip not in CLIPS:
            raise table.wrong("clip", " or ".join(CLIPS))
        if not 0 < frames.per_second <= MOST_FRAMES:
            raise table.wrong("per_second", f"more than 0, at most {MOST_FRAMES}")
        for name in ("width", "height"):
            if not SMALLEST <= getattr(frames, name) <= LARGEST:
                raise table.wrong(name, f"{SMALLEST} to {LARGEST} pixels")
        if not 1 <= frames.quality <= 100:
            raise table.wrong("quality", "1 to 100")
        return frames


@dataclass(frozen=True)
class Kind:
    """Rooms that are alike. share: how many there are of them, against the shares of other kinds."""

    share: float
    audio: Audio | None = None
    frames: Frames | None = None

    @classmethod
    def read(cls, table: Table) -> "Kind":
        """Out of a table. Raises ValueError."""
        share = table.number("share", 1)
        heard, seen = table.has("audio"), table.has("frames")
        audio = Audio.read(table.table("audio")) if heard or not seen else None
        frames = Frames.read(table.table("frames")) if seen else None
        kind = cls(share, audio, frames)
        table.only()
        if not 0 < kind.share < float("inf"):
            raise table.wrong("share", "more than 0")
        return kind


@dataclass(frozen=True)
class Profile:
    """All kinds of rooms, in the order of the file."""

    name: str
    description: str
    rooms: tuple[Kind, ...]
    steps: tuple[int, ...] = ()

    @property
    def models(self) -> list[str]:
        """What the rooms need of a server."""
        heard = any(kind.audio for kind in self.rooms)
        seen = any(kind.frames for kind in self.rooms)
        return ["captions"] * heard + ["vision"] * seen

    @classmethod
    def read(cls, table: Table) -> "Profile":
        """Out of a table, which may be `to_json`'s. Raises ValueError."""
        profile = cls(
            table.text("name", ""),
            table.text("description", ""),
            tuple(Kind.read(room) for room in table.tables("rooms")),
            table.wholes("steps"),
        )
        table.only()
        return profile

    def deal(self, rooms: int) -> list[int]:
        """Of which kind each of `rooms` rooms is, as an index into `rooms`.

        Each is of the kind that is furthest behind its share by then. So any number of rooms is as close to
        the shares as whole rooms can be, and a larger number is the same rooms and others besides.
        """
        total = sum(kind.share for kind in self.rooms)
        dealt: list[int] = []
        for number in range(1, rooms + 1):
            behind = [kind.share / total * number - dealt.count(at) for at, kind in enumerate(self.rooms)]
            dealt.append(max(range(len(behind)), key=lambda at: round(behind[at], 9)))
        return dealt

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        rooms = [
            {name: value for name, value in asdict(kind).items() if value is not None} for kind in self.rooms
        ]
        for room in rooms:
            if "audio" in room:
                room["audio"]["recordings"] = list(room["audio"]["recordings"])
        steps = {"steps": list(self.steps)} if self.steps else {}
        return {"name": self.name, "description": self.description, "rooms": rooms, **steps}


def names() -> list[str]:
    """The profiles that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Profile:
    """The profile of a name from `names`, or in a TOML file. Raises ProfileError."""
    path = FOLDER / f"{name}.toml" if name in names() else Path(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        right = ", ".join(names())
        raise ProfileError(f"there is no profile {name!r}: expected {right} or a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{path} can't be read as TOML: {error}") from None
    try:
        return Profile.read(Table({"name": path.stem, **data}, "the profile"))
    except ValueError as error:
        raise ProfileError(f"{path}: {error}") from None

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
from pathlib import Path
from typing import Annotated, Literal

from liveroom._config import MAX_CHUNK_S, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from msgspec import Meta, Struct, to_builtins

from perf.load.video import CLIPS, QUALITY
from perf.structs import convert

FOLDER = Path(__file__).with_name("profiles")
SHORTEST_CHUNK_MS, LONGEST_CHUNK_MS = 20, round(1000 * MAX_CHUNK_S)
Pixels = Annotated[int, Meta(ge=16, le=3840)]


class ProfileError(RuntimeError):
    """A profile can't be used; the message names the file, the key, the value and what would be right."""


class Audio(Struct, frozen=True, forbid_unknown_fields=True):
    """The sound of a kind of room.

    Attributes:
        recordings: patterns of names in `evaluation.speech`; without any, nobody ever speaks.
        talking: the share of the time that recordings play; the rest are pauses between them.
        chunk_ms: length of a chunk.
        sample_rate: Hz.
        format: of the samples.
        language: what the server is told of it.
    """

    recordings: tuple[str, ...] = ()
    talking: Annotated[float, Meta(ge=0, le=1)] = 0.0
    chunk_ms: Annotated[int, Meta(ge=SHORTEST_CHUNK_MS, le=LONGEST_CHUNK_MS)] = 250
    sample_rate: Annotated[int, Meta(ge=MIN_SAMPLE_RATE, le=MAX_SAMPLE_RATE)] = 16_000
    format: Literal["int16", "float32"] = "int16"
    language: str = "auto"

    def __post_init__(self) -> None:
        if (self.talking > 0) != bool(self.recordings):
            right = "more than 0 and at most 1" if self.recordings else "0 without recordings"
            raise ValueError(f"talking is {self.talking:g}: expected {right}")


class Frames(Struct, frozen=True, forbid_unknown_fields=True):
    """The video of a kind of room.

    Attributes:
        clip: a name of `perf.load.video.CLIPS`, over and over.
        per_second: frames.
        width, height: pixels.
        quality: of JPEG.
    """

    clip: str = "smiling_head"
    per_second: Annotated[float, Meta(gt=0, le=60)] = 5.0
    width: Pixels = 640
    height: Pixels = 480
    quality: Annotated[int, Meta(ge=1, le=100)] = QUALITY

    def __post_init__(self) -> None:
        if self.clip not in CLIPS:
            raise ValueError(f"clip is {self.clip!r}: expected {' or '.join(CLIPS)}")


class Kind(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rooms that are alike; `share` is how many there are of them, against the shares of other kinds."""

    share: Annotated[float, Meta(gt=0, lt=1e9)] = 1
    audio: Audio | None = None
    frames: Frames | None = None

    def __post_init__(self) -> None:
        if self.audio is None and self.frames is None:
            raise ValueError("neither audio nor frames: expected audio = {...}, frames = {...}, or both")


class Profile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All kinds of rooms, in the order of the file."""

    name: str
    rooms: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    description: str = ""
    steps: tuple[Annotated[int, Meta(gt=0)], ...] = ()

    @property
    def models(self) -> list[str]:
        """What the rooms need of a server."""
        heard = any(kind.audio for kind in self.rooms)
        seen = any(kind.frames for kind in self.rooms)
        return ["captions"] * heard + ["vision"] * seen

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
        data: dict[str, object] = to_builtins(self)
        return data


def names() -> list[str]:
    """The profiles that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Profile:
    """The profile of a name from `names`, or in a TOML file.

    Raises:
        ProfileError: there is none, or it can't be used.
    """
    path = FOLDER / f"{name}.toml" if name in names() else Path(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        right = ", ".join(names())
        raise ProfileError(f"there is no profile {name!r}: expected {right} or a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{path} can't be read as TOML: {error}") from None
    try:
        return convert({"name": path.stem, **data}, Profile, str(path))
    except ValueError as error:
        raise ProfileError(str(error)) from None

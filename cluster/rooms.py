"""Rooms of continuous speech played through the gateway while something happens, and what they lost by it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from cluster.errors import ClusterError
from cluster.local import LocalCluster
from cluster.machine import write_with_mode
from perf.load.playback import percentiles
from perf.rooms import profile as profiles
from perf.rooms import slo
from perf.rooms.alone import COVERED, WORDS, Solo, play_alone, solo
from perf.rooms.messages import Heard, Joined, Message
from perf.rooms.observation import Observation, Server, load, observe
from perf.rooms.schedule import Join, Times

APART_S = 0.4
"""Between two rooms that join."""
TOUCHING_S = 0.05
"""A final that begins earlier than this before the end of the one before says something again."""
UNCOVERED_S = 0.5
"""Of a final that is still there; a word or two. Where a segment is cut differs by less."""
SEED = 1
_WAIT_S = 20.0
_LONGEST_S = 180.0


@dataclass(frozen=True)
class Injury:
    """What was done to whom, seconds after the rooms began."""

    kind: str
    replica: str
    at_s: float


@dataclass(frozen=True)
class Toll:
    """What rooms went through.

    lost: finals of the same speech without a failure of which UNCOVERED_S, or half of a short one, is covered
    by no final, and 1 at least of a room that said less than WORDS of its words; lost_s: seconds of all of
    them covered by none. words, expected_words: of all finals, now and without a failure. doubled: finals
    that say again what a final before said. gaps_s: of each injury the longest wait of any room, while it was
    spoken in, for a caption that goes beyond all before it, of those that ended before the next injury.
    waits_s: the same of each room, whenever it was. partials_p95_s: latency of partial captions, as
    `perf rooms` measures it: of those due before the first injury, then from each injury until the next.
    """

    rooms: int
    finals: int
    expected: int
    lost: int
    lost_s: float
    words: int
    expected_words: int
    doubled: int
    gaps_s: tuple[float, ...]
    waits_s: tuple[float, ...]
    partials_p95_s: tuple[float | None, ...]
    reconnects: int
    dropped_duplicates: int
    replay_lost_s: float
    failed: tuple[str, ...]
    injuries: tuple[Injury, ...]

    @property
    def few_words(self) -> bool:
        """Whether less was said than the service level asks for."""
        return self.words < slo.WORDS * self.expected_words

    @property
    def harmless(self) -> bool:
        """Whether rooms have nothing worse than waits to tell of."""
        return not (self.lost or self.few_words or self.doubled or self.failed)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return asdict(self)


@dataclass
class Stage:
    """What whoever injures replicas sees of the rooms that are being played."""

    seconds: float
    began: float = field(default_factory=time.perf_counter)
    injuries: list[Injury] = field(default_factory=list)
    _open: dict[int, bool] = field(default_factory=dict)
    _silent: set[int] = field(default_factory=set)

    @property
    def now(self) -> float:
        """Seconds since the rooms began."""
        return time.perf_counter() - self.began

    def injured(self, kind: str, replica: str) -> None:
        """Notes what was done."""
        self.injuries.append(Injury(kind, replica, self.now))

    def heard_again(self) -> None:
        """Waits until every room has had a caption more, but not long: one may have nothing to say."""
        self._silent = set(self._open)
        deadline = time.monotonic() + _WAIT_S
        while self._silent and time.monotonic() < deadline:
            time.sleep(0.02)

    def mid_sentence(self) -> None:
        """Waits until every room has an open segment: a partial caption that no final has closed."""
        deadline = time.monotonic() + _WAIT_S
        while not (self._open and all(self._open.values())) and time.monotonic() < deadline:
            time.sleep(0.02)

    def hear(self, message: Message | None) -> None:
        """Is told what the rooms hear."""
        match message:
            case Joined():
                self._open[message.room] = False
            case Heard():
                self._open[message.room] = message.kind == "partial"
                self._silent.discard(message.room)


class Rooms:
    """Plays `count` rooms, each in the next of the formats that rooms may send, for `seconds` each.

    What they say is played without a failure before anything else: what is heard then must not be lost.
    """

    def __init__(self, cluster: LocalCluster, count: int, seconds: float, tenant: str = "demo") -> None:
        self._profile = profiles.load("formats")
        kinds = self._profile.deal(count)
        self._joins = [Join(number, kind, 0, APART_S * number) for number, kind in enumerate(kinds)]
        self._times = Times(measured=seconds, ramp=APART_S * count, settle=0.0, cool_down=0.0)
        self._server = server(cluster, tenant)
        alone = play_alone(self._server, self._profile, self._joins, SEED, self._times)
        self._references = [alone[join.says] for join in self._joins]

    def play(self, during: Callable[[Stage], None] = lambda stage: None) -> Toll:
        """Plays them while `during` runs in a thread of its own, whose error is raised here."""
        stage = Stage(self._times.room)
        errors: list[BaseException] = []

        def injure() -> None:
            try:
                during(stage)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=injure, name="injuries", daemon=True)
        order = load(self._server, self._profile, self._joins, SEED, self._times)

        def listen(message: Message | None) -> None:
            if isinstance(message, Joined) and not thread.ident:
                stage.began = time.perf_counter()
                thread.start()
            stage.hear(message)

        seen = observe(self._server, order, self._times, listen)
        thread.join(_LONGEST_S)
        if errors or thread.is_alive():
            raise (
                errors[0]
                if errors
                else ClusterError(f"a failure was not over {_LONGEST_S:.0f} s after the rooms")
            )
        return judge(seen, self._references, tuple(stage.injuries))


def server(cluster: LocalCluster, tenant: str) -> Server:
    """The cluster's gateway as `perf rooms` takes it, with a token for `tenant`."""
    file = cluster.folder / f"token-{tenant}"
    write_with_mode(file, cluster.token(tenant, lifetime_s=12 * 3600).encode(), 0o600)
    return Server(cluster.url, None, str(file), str(cluster.ca))


def judge(seen: Observation, references: Sequence[Solo], injuries: Sequence[Injury] = ()) -> Toll:
    """What rooms 0, 1 ... lost, against what each of them says without a failure."""
    rooms = range(len(references))
    finals = {number: seen.finals(number) for number in rooms}
    said = {number: solo(finals[number]).words for number in rooms}
    lost, uncovered_s = 0, 0.0
    for number, reference in enumerate(references):
        spans = [(end - start, _covered((start, end), finals[number])) for start, end in reference.finals]
        missing = sum((1 - share) * length > UNCOVERED_S or share < COVERED for length, share in spans)
        lost += max(missing, int(said[number] < WORDS * reference.words))
        uncovered_s += sum((1 - share) * length for length, share in spans)
    waits = {number: _waits([each for each in seen.heard if each.room == number]) for number in rooms}
    starts = [each.at_s for each in injuries]
    gaps = [
        max((_longest(each, *times) for each in waits.values()), default=0.0)
        for times in pairwise([*starts, float("inf")])
    ]
    told = seen.ended.values()
    return Toll(
        rooms=len(rooms),
        finals=sum(map(len, finals.values())),
        expected=sum(len(each.finals) for each in references),
        lost=lost,
        lost_s=round(uncovered_s, 2),
        words=sum(said.values()),
        expected_words=sum(each.words for each in references),
        doubled=sum(map(_doubled, finals.values())),
        gaps_s=tuple(round(gap, 2) for gap in gaps),
        waits_s=tuple(round(_longest(each, 0.0, float("inf")), 2) for each in waits.values()),
        partials_p95_s=tuple(_p95_s(seen.heard, *times) for times in pairwise([0.0, *starts, float("inf")])),
        reconnects=sum(each.reconnects for each in told),
        dropped_duplicates=sum(each.duplicates for each in told),
        replay_lost_s=round(sum(each.replay_lost_s for each in told), 2),
        failed=tuple(seen.errors.values()),
        injuries=tuple(injuries),
    )


def _p95_s(heard: Sequence[Heard], after: float, before: float) -> float | None:
    """Of the latencies of partial captions that were due within a time."""
    partials = [each for each in heard if each.kind == "partial" and after <= each.due_s < before]
    return percentiles([each.latency_s for each in partials])["p95"]


def _covered(span: tuple[float, float], finals: Sequence[Heard]) -> float:
    """The share of a span that finals cover; counted once where they overlap."""
    start, end = span
    covered = 0.0
    for final in sorted(finals, key=lambda each: each.pts_start):
        begin, stop = max(start, final.pts_start), min(end, final.pts_end)
        if stop > begin:
            covered += stop - begin
            start = stop
    return covered / (end - span[0]) if end > span[0] else 1.0


def _doubled(finals: Sequence[Heard]) -> int:
    """How many say again what one before them said."""
    said, doubled = 0.0, 0
    for final in finals:
        doubled += final.pts_start < said - TOUCHING_S
        said = max(said, final.pts_end)
    return doubled


def _waits(heard: Sequence[Heard]) -> list[tuple[float, float]]:
    """From when to when a room that was spoken in waited for a caption that goes beyond all before it."""
    found: list[tuple[float, float]] = []
    reached, since = 0.0, None
    for each in heard:
        at = each.due_s + each.latency_s
        if each.pts_end > reached:
            if since is not None:
                silent = max(0.0, each.pts_start - reached)
                found.append((min(since + silent, at), at))
            reached, since = each.pts_end, at
    return found


def _longest(waits: Sequence[tuple[float, float]], after: float, before: float) -> float:
    """The longest of the waits that ended from `after` to `before`."""
    return max((end - start for start, end in waits if after < end <= before), default=0.0)

"""What rooms lost and waited for while something happened to the cluster that they were on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from perf.load.playback import percentiles
from perf.rooms import slo
from perf.rooms.messages import Heard
from perf.rooms.observation import Observation
from perf.rooms.solo_baseline import COVERED, WORDS, Solo, solo

TOUCHING_S = 0.05
"""A final that begins earlier than this before the end of the one before says something again."""
UNCOVERED_S = 0.5
"""Of a final that is still there; a word or two. Where a segment is cut differs by less."""


@dataclass(frozen=True)
class Fault:
    """What was done to whom, seconds after the rooms began."""

    kind: str
    replica: str
    at_s: float


@dataclass(frozen=True)
class Impact:
    """What rooms went through.

    Attributes:
        rooms: how many.
        finals, expected: final captions, now and without a failure.
        lost: finals of the same speech without a failure of which UNCOVERED_S, or half of a short one, is
            covered by no final, and 1 at least of a room that said less than WORDS of its words.
        lost_s: seconds of all of them covered by none.
        words, expected_words: of all finals, now and without a failure.
        doubled: finals that say again what a final before said.
        gaps_s: of each fault the longest wait of any room, while it was spoken in, for a caption that goes
            beyond all before it, of those that ended before the next fault.
        waits_s: the same of each room, whenever it was.
        partials_p95_s: latency of partial captions, as `perf rooms` measures it: of those due before the
            first fault, then from each fault until the next.
        reconnects, dropped_duplicates, replay_lost_s: what the clients did about it, see `AsyncRoom`.
        failed: errors of rooms that ended early.
        faults: what was done.
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
    faults: tuple[Fault, ...]

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


def assess(seen: Observation, references: Sequence[Solo], faults: Sequence[Fault] = ()) -> Impact:
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
    waits = {
        number: _waits([caption for caption in seen.heard if caption.room == number]) for number in rooms
    }
    starts = [fault.at_s for fault in faults]
    gaps = [
        max((_longest(room_waits, *times) for room_waits in waits.values()), default=0.0)
        for times in pairwise([*starts, float("inf")])
    ]
    told = seen.ended.values()
    return Impact(
        rooms=len(rooms),
        finals=sum(map(len, finals.values())),
        expected=sum(len(reference.finals) for reference in references),
        lost=lost,
        lost_s=round(uncovered_s, 2),
        words=sum(said.values()),
        expected_words=sum(reference.words for reference in references),
        doubled=sum(map(_doubled, finals.values())),
        gaps_s=tuple(round(gap, 2) for gap in gaps),
        waits_s=tuple(round(_longest(room_waits, 0.0, float("inf")), 2) for room_waits in waits.values()),
        partials_p95_s=tuple(_p95_s(seen.heard, *times) for times in pairwise([0.0, *starts, float("inf")])),
        reconnects=sum(room.reconnects for room in told),
        dropped_duplicates=sum(room.duplicates for room in told),
        replay_lost_s=round(sum(room.replay_lost_s for room in told), 2),
        failed=tuple(seen.errors.values()),
        faults=tuple(faults),
    )


def _p95_s(heard: Sequence[Heard], after: float, before: float) -> float | None:
    """Of the latencies of partial captions that were due within a time."""
    partials = [caption for caption in heard if caption.kind == "partial" and after <= caption.due_s < before]
    return percentiles([caption.latency_s for caption in partials])["p95"]


def _covered(span: tuple[float, float], finals: Sequence[Heard]) -> float:
    """The share of a span that finals cover; counted once where they overlap."""
    start, end = span
    covered = 0.0
    for final in sorted(finals, key=lambda caption: caption.pts_start):
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
    for caption in heard:
        at = caption.due_s + caption.latency_s
        if caption.pts_end > reached:
            if since is not None:
                silent = max(0.0, caption.pts_start - reached)
                found.append((min(since + silent, at), at))
            reached, since = caption.pts_end, at
    return found


def _longest(waits: Sequence[tuple[float, float]], after: float, before: float) -> float:
    """The longest of the waits that ended from `after` to `before`."""
    return max((end - start for start, end in waits if after < end <= before), default=0.0)

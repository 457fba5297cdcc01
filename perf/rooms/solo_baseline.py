"""What each room says when it is alone on the server: what must not get lost among many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perf.rooms.messages import Heard, Message
from perf.rooms.observation import Server, load, observe
from perf.rooms.profile import Profile
from perf.rooms.schedule import Join, Times

COVERED = 0.5
"""Share of a final's time that finals among many must cover, or it is lost: they may be cut elsewhere."""
WORDS = 0.5
"""Share of a room's words alone that it must have among many. Segments cut elsewhere change a few words, and
a language misheard in the first second of a room changes those of a whole segment; a room that says half of
what it should has lost something whatever its finals cover."""


@dataclass(frozen=True)
class Solo:
    """A room alone: its finals as (pts_start, pts_end) in seconds, and the words in them."""

    finals: tuple[tuple[float, float], ...]
    words: int

    @property
    def spoken_s(self) -> float:
        """Seconds of speech that finals cover."""
        return sum(end - start for start, end in self.finals)


Solos = dict[tuple[int, int], Solo]
"""By what a room says, see `Join.says`."""


def play_alone(
    server: Server,
    profile: Profile,
    joins: Sequence[Join],
    seed: int,
    times: Times,
    listen: Callable[[Message | None], None] = lambda message: None,
) -> Solos:
    """Plays what each of `joins` says into a room, one after another, as fast as the server takes it.

    Rooms without sound are not played: alone there is nothing of theirs that could get lost among many.

    Where speech begins and ends does not depend on the pace, so that the finals cover the same time.

    Raises:
        RuntimeError: a room fails even alone, or the load generator does.
    """
    silent = {join.says: Solo((), 0) for join in joins if profile.rooms[join.kind].audio is None}
    different = list({join.says: join for join in joins if join.says not in silent}.values())
    if not different:
        return silent
    seen = observe(server, load(server, profile, different, seed, times, alone=True), times, listen)
    for error in seen.errors.values():
        raise RuntimeError(f"a room that was alone on the server failed: {error}")
    return silent | {join.says: solo(seen.finals(join.number)) for join in different}


def solo(finals: Sequence[Heard]) -> Solo:
    """What a room said, of its finals."""
    spans = tuple((final.pts_start, final.pts_end) for final in finals)
    return Solo(spans, sum(final.words for final in finals))


def lost(alone: Solo, crowd: Solo, *, failed: bool) -> int:
    """How many finals a room lost among many: those of `alone` of which `crowd` covers too little.

    At least 1 of a room that failed, or whose words fell below their share.
    """
    missing = sum(_overlap(final, crowd.finals) < COVERED * (final[1] - final[0]) for final in alone.finals)
    return max(missing, int(failed or crowd.words < WORDS * alone.words))


def _overlap(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> float:
    """Seconds of `span` that lie in any of the others, which do not overlap each other."""
    return sum(max(0.0, min(span[1], end) - max(span[0], start)) for start, end in others)

"""The order of things: one service at a time, each peer next to a run of ours, everything again every round.

The machine's speed drifts by more than what is to be told apart, so a peer is only ever compared with the run
of ours before or after it. A round of four peers is ours, A, B, ours, C, D, ours: A stands beside the first,
B and C beside the second, D beside the third; odd rounds take the peers the other way round. Services are
started anew in every round, and get some load that is not counted before they are measured.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from perf.load.closed_loop import Answers
from perf.peers import contenders, environments
from perf.peers.catalogue import PEERS, Layout
from perf.peers.contenders import IN_PROCESS, Loader
from perf.peers.running import running
from perf.peers.subjects import Subject

TRIAL_CALLERS = 8
_WARM_S = 0.5
_TRIAL_S = 1.5
_WAVES = 2
_OURS = "ours"
Say = Callable[[str], None]
"""Tells people what goes on."""
Loads = Mapping[int, Answers]
"""By the number of callers."""


@dataclass
class Contest:
    """What was seen of one peer serving one model: pairs of ours and its own, a round each.

    Attributes:
        layout: the one that it was measured in.
        error: why it could not be measured to the end, "" if it was.
    """

    peer: str
    subject: str
    layout: Layout | None = None
    pairs: list[tuple[Loads, Loads]] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """How much is measured: callers, rounds, and seconds for each number of callers, see `window_s`."""

    concurrency: Sequence[int]
    rounds: int
    seconds: float

    def window_s(self, subject: Subject, callers: int) -> float:
        """Long enough for every caller to have WAVES answers, from whom all the cores work for."""
        cores = len(os.sched_getaffinity(0))
        return max(self.seconds, _WAVES * callers * subject.alone_s / cores)


def compete(subject: Subject, names: Sequence[str], plan: Plan, say: Say) -> list[Contest]:
    """Measures everyone in `names`, of PEERS or IN_PROCESS, against ours.

    Raises:
        RuntimeError: ours fails; what happens to a peer is in its Contest.
    """
    contests = [Contest(name, subject.model.name) for name in names]
    for contest in contests:
        if contest.peer in PEERS:
            _settle(contest, subject, say)
    for number in range(plan.rounds):
        fit = [contest for contest in contests if not contest.error]
        if number % 2:
            fit.reverse()
        say(f"round {number + 1} of {plan.rounds}")
        _round(fit, subject, plan, say)
    return contests


def pairs(peers: Sequence[Contest]) -> Iterator[tuple[Contest | None, int]]:
    """A round: each peer with the number of the run of ours that it stands beside; None is a run of ours."""
    for at, contest in enumerate(peers):
        if at % 2 == 0:
            yield None, (at + 1) // 2
        yield contest, (at + 1) // 2
    if peers and len(peers) % 2 == 0:
        yield None, len(peers) // 2


def _round(fit: Sequence[Contest], subject: Subject, plan: Plan, say: Say) -> None:
    own: list[Loads] = []
    theirs: list[tuple[Contest, int, Loads]] = []
    for contest, beside in pairs(fit):
        if contest is None:
            say(_OURS)
            with contenders.ours(subject) as load:
                own.append(_measured(load, subject, plan))
        else:
            say(contest.peer)
            with _failing(contest), _started(contest.peer, subject, contest.layout) as load:
                theirs.append((contest, beside, _measured(load, subject, plan)))
    for contest, beside, loads in theirs:
        contest.pairs.append((own[beside], loads))


def _settle(contest: Contest, subject: Subject, say: Say) -> None:
    """Finds the layout that serves most, which gets that much attention and no more."""
    layouts = PEERS[contest.peer].layouts(heavy=subject.heavy)
    best = -1.0
    for layout in layouts:
        say(f"trying {contest.peer} with {layout}")
        tried = Contest(contest.peer, contest.subject)
        with _failing(tried), _started(contest.peer, subject, layout) as load:
            load(TRIAL_CALLERS, _WARM_S)
            found = load(TRIAL_CALLERS, _TRIAL_S)
            if found.per_second > best:
                best, contest.layout = found.per_second, layout
        if tried.error and contest.layout is None:
            contest.error = tried.error
    if contest.layout is not None:
        contest.error = ""


@contextlib.contextmanager
def _started(name: str, subject: Subject, layout: Layout | None) -> Iterator[Loader]:
    """The service, ready, as something that can be loaded."""
    if name == IN_PROCESS:
        with contenders.bare(subject) as load:
            yield load
        return
    if layout is None:
        raise RuntimeError(f"no layout of {name} serves {subject.model.name}")
    peer = PEERS[name]
    wire = peer.wire(heavy=subject.heavy)
    with running(peer, environments.environment(name, *peer.requirements), subject, layout) as ports:
        yield lambda callers, seconds: wire.load(ports, subject.x, subject.y, callers, seconds)


def _measured(load: Loader, subject: Subject, plan: Plan) -> Loads:
    load(TRIAL_CALLERS, _WARM_S)
    return {callers: load(callers, plan.window_s(subject, callers)) for callers in plan.concurrency}


@contextlib.contextmanager
def _failing(contest: Contest) -> Iterator[None]:
    """What goes wrong inside the block is the contest's error, not ours."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        contest.error = str(error)

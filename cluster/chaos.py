"""Failures of every kind in random order, round after round, and the count of what rooms lost by them."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster.failures import ALL, busiest
from cluster.impact import Impact
from cluster.local import LocalCluster
from cluster.machine import replace_text
from cluster.room_load import RoomLoad, Stage
from perf.load.playback import percentiles

ROOMS = 3
ROUND_S = 60.0
"""How long the rooms of a round are played."""
BEFORE_S, AFTER_S = 4.0, 16.0
"""No failure in the first and last seconds of a round: what it does to rooms has to be seen."""
PAUSE_S = (1.0, 3.0)
"""Between the recovery from a failure and the next one, drawn evenly."""


@dataclass
class Chaos:
    """A run of `count` failures, or fewer where `minutes` end it, in an order that `seed` draws.

    Each kind comes equally often. The replica with the most rooms is the victim three times in four. The next
    failure waits until every replica is ready again, and every room is heard.

    Attributes:
        told: is given each round's result.
    """

    cluster: LocalCluster
    count: int
    seed: int
    minutes: float
    out: Path
    told: Callable[[Impact], None] = lambda impact: None
    impacts: list[Impact] = field(default_factory=list)

    def run(self) -> dict[str, object]:
        """Plays rounds until enough has been done; what is known is saved after each of them."""
        chance = random.Random(self.seed)  # noqa: S311 a schedule, not a secret
        kinds = deal(self.count, chance)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        rooms = RoomLoad(self.cluster, ROOMS, ROUND_S)
        began = time.monotonic()
        while kinds and time.monotonic() - began < 60 * self.minutes:
            impact = rooms.play(lambda stage: self._round(stage, kinds, chance))
            self.impacts.append(impact)
            self.told(impact)
            self.cluster.wait_ready()
            result = summary(self.impacts) | {"seed": self.seed, "minutes": (time.monotonic() - began) / 60}
            rounds = [impact.to_json() for impact in self.impacts]
            replace_text(self.out, json.dumps(result | {"rounds": rounds}, indent=1))
        return summary(self.impacts) | {
            "seed": self.seed,
            "minutes": round((time.monotonic() - began) / 60, 1),
        }

    def _round(self, stage: Stage, kinds: list[str], chance: random.Random) -> None:
        """Failures until the round is nearly over."""
        time.sleep(BEFORE_S)
        while kinds and stage.now < stage.seconds - AFTER_S:
            stage.mid_sentence()
            victim = busiest(self.cluster) if chance.random() < 0.75 else chance.choice(self.cluster.replicas)
            starts, kind = victim.starts, kinds.pop()
            stage.note(kind, "gateway" if ALL[kind].gateway else victim.name)
            ALL[kind](self.cluster, victim, chance)
            self._recovered(starts, victim.name)
            stage.heard_again()
            time.sleep(chance.uniform(*PAUSE_S))

    def _recovered(self, starts: int, name: str) -> None:
        """Waits until the failure has shown and been mended; what does not show within 3 s did not hurt."""
        victim = next(replica for replica in self.cluster.replicas if replica.name == name)
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline and victim.starts == starts and not victim.ready():
            time.sleep(0.05)
        self.cluster.wait_ready()


def deal(count: int, chance: random.Random) -> list[str]:
    """`count` kinds of failures, each as often as the others, in random order."""
    kinds = [name for _, name in zip(range(count), list(ALL) * (count // len(ALL) + 1), strict=False)]
    chance.shuffle(kinds)
    return kinds


def summary(impacts: Sequence[Impact]) -> dict[str, object]:
    """The count of all rounds. Gaps are of each failure the longest of any room, in seconds.

    finals = expected - lost + doubled + cut_elsewhere: see `explained`.
    """
    finals, expected, lost, doubled = (
        sum(getattr(impact, name) for impact in impacts) for name in ("finals", "expected", "lost", "doubled")
    )
    faults = [fault for impact in impacts for fault in impact.faults]
    gaps = [gap for impact in impacts for gap in impact.gaps_s]
    by_kind: dict[str, list[float]] = {}
    for fault, gap in zip(faults, gaps, strict=True):
        by_kind.setdefault(fault.kind, []).append(gap)
    return {
        "kills": len(faults),
        "by_kind": dict(Counter(fault.kind for fault in faults)),
        "rooms": sum(impact.rooms for impact in impacts),
        "finals": finals,
        "expected": expected,
        "lost": lost,
        "lost_s": round(sum(impact.lost_s for impact in impacts), 2),
        "words": sum(impact.words for impact in impacts),
        "expected_words": sum(impact.expected_words for impact in impacts),
        "few_words": sum(impact.few_words for impact in impacts),
        "doubled": doubled,
        "cut_elsewhere": finals - doubled - (expected - lost),
        "explained": explained(finals, expected, lost, doubled),
        "dropped_duplicates": sum(impact.dropped_duplicates for impact in impacts),
        "replay_lost_s": round(sum(impact.replay_lost_s for impact in impacts), 2),
        "reconnects": sum(impact.reconnects for impact in impacts),
        "failed_rooms": [error for impact in impacts for error in impact.failed],
        "gap_s": _spread(gaps),
        "gap_s_by_kind": {kind: _spread(gaps) for kind, gaps in sorted(by_kind.items())},
    }


def explained(finals: int, expected: int, lost: int, doubled: int) -> str:
    """Why there are more or fewer finals than without a failure, for whoever takes the rest for lost."""
    told = f"{finals} finals, {expected} of the same speech without a failure: "
    reasons = [f"{lost} lost"] * (lost > 0) + [f"{doubled} said again"] * (doubled > 0)
    recut = finals - doubled - (expected - lost)
    if recut:
        more = f"{abs(recut)} {'more' if recut > 0 else 'fewer'}"
        reasons.append(
            f"{more} as a room that moves cuts its speech into segments elsewhere, and loses nothing"
        )
    return told + ("; ".join(reasons) or "none lost, none said again")


def _spread(gaps: Sequence[float]) -> dict[str, float | None]:
    return {**percentiles(gaps), "max": max(gaps, default=None)}


def verdict(result: dict[str, object]) -> str:
    """Why a run is not good, or ""."""
    wrong = [name for name in ("lost", "few_words", "doubled", "failed_rooms") if result[name]]
    return f"{', '.join(wrong)}: see the result" if wrong else ""

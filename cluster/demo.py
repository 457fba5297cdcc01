"""What a cluster does when things go wrong, shown one after another: the main job of `make cluster`."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster import overload
from cluster.failures import ALL, busiest
from cluster.impact import Impact
from cluster.local import LocalCluster
from cluster.room_load import RoomLoad, Stage
from perf.rooms.slo import Slo

ROOMS = 4
ROUND_S = 24.0
CALM_S = 6.0
"""Of a round, before anything happens."""
GAP_S = 2.0 + 12.0
"""What a room may wait at most: 2 s, and the segment that it was in."""
SLOWER = 1.5
"""Partials may come so much later under pressure, where the machine is too busy to keep the SLO at all."""


@dataclass
class Demo:
    """Chapters, each a sentence and what was measured; `good` says whether all went as it should.

    Attributes:
        told: is given each sentence.
    """

    cluster: LocalCluster
    told: Callable[[str], None]
    chapters: list[dict[str, object]] = field(default_factory=list)
    good: bool = True

    def run(self) -> None:
        """All of them; takes about three minutes."""
        self.told(f"{ROUND_S:.0f} s of speech of {ROOMS} rooms, each alone, for comparison")
        self._rooms = RoomLoad(self.cluster, ROOMS, ROUND_S)
        self._failure("node lost", "{replica} lost in mid-sentence (SIGKILL to all of its processes)")
        self._failure("stub killed", "one process of a model of {replica} killed")
        self._failure("hung", "{replica} hangs (SIGSTOP)")
        self._rolling()
        self._overload()

    def _failure(self, kind: str, text: str) -> None:
        def harm(stage: Stage) -> None:
            time.sleep(CALM_S)
            spread.update(self._spread())
            stage.mid_sentence()
            victim = busiest(self.cluster)
            stage.note(kind, victim.name)
            ALL[kind](self.cluster, victim, random.Random(1))  # noqa: S311 which stub is no secret

        spread: dict[str, int] = {}
        impact = self._rooms.play(harm)
        where = ", ".join(f"{rooms} on {name}" for name, rooms in spread.items())
        self._tell(f"{ROOMS} rooms: {where}. {text.format(replica=impact.faults[0].replica)}", impact)
        self.cluster.wait_ready()

    def _rolling(self) -> None:
        def restart(stage: Stage) -> None:
            time.sleep(CALM_S / 2)
            stage.note("rolling restart", "all")
            self.cluster.rolling_restart()

        before = ", ".join(replica.name for replica in self.cluster.replicas)
        impact = self._rooms.play(restart)
        after = ", ".join(replica.name for replica in self.cluster.replicas)
        self._tell(f"rolling restart: {before} replaced by {after}, a new one first", impact)

    def _overload(self) -> None:
        """More rooms than there is room for, of two tenants, beside rooms that are in."""
        found: list[overload.Overload] = []

        def overloaded(stage: Stage) -> None:
            time.sleep(CALM_S)
            stage.note("overload", "all")
            found.append(asyncio.run(overload.press(self.cluster, self.cluster.slots)))
            stage.note("overload over", "all")

        impact = self._rooms.play(overloaded)
        (seen,) = found
        before_s, under_s, _ = impact.partials_p95_s
        good = seen.fair and kept(before_s, under_s)
        slow = f"p95 of partials {under_s} s, before it {before_s} s"
        self._tell(
            f"overload: {seen}; the {ROOMS} rooms with speech: {slow}", impact, good=good, **seen.to_json()
        )

    def _spread(self) -> dict[str, int]:
        hosts = self.cluster.gateway.hosts()
        return {replica.name: hosts[replica.grpc_port].active for replica in self.cluster.replicas}

    def _tell(self, text: str, impact: Impact, *, good: bool = True, **more: object) -> None:
        gap_s = max(impact.gaps_s, default=max(impact.waits_s, default=0.0))
        good = good and impact.harmless and gap_s < GAP_S
        self.good = self.good and good
        self.chapters.append({"text": text, "good": good, "rooms": impact.to_json(), **more})
        self.told(
            f"{text}: {impact.finals} finals, lost {impact.lost}, doubled {impact.doubled},"
            f" {impact.reconnects} reconnects, longest wait for a caption {gap_s:.1f} s"
        )


def kept(before_s: float | None, under_s: float | None) -> bool:
    """Whether rooms kept their SLO under pressure, by their p95 of partials before it and under it."""
    if before_s is None or under_s is None:
        return False
    return under_s < max(Slo().partial_p95_s, SLOWER * before_s)

"""What a cluster does when things go wrong, shown one after another: the main job of `make cluster`."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
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
        if not self.good:
            self.told(
                f"a machine that is busy, or too slow for {ROOMS} rooms, does: see python -m perf rooms"
            )

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
        slow = f"p95 of partials {under_s} s, before it {before_s} s"
        short = [] if seen.fair else ["a tenant got more than its share, or waited to be refused"]
        if not kept(before_s, under_s):
            short.append(
                f"partials came too late (expected: below {Slo().partial_p95_s:g} s, or {SLOWER:g} times what"
                " they took before)"
            )
        self._tell(
            f"overload: {seen}; the {ROOMS} rooms with speech: {slow}", impact, short, **seen.to_json()
        )

    def _spread(self) -> dict[str, int]:
        hosts = self.cluster.gateway.hosts()
        return {replica.name: hosts[replica.grpc_port].active for replica in self.cluster.replicas}

    def _tell(self, text: str, impact: Impact, short: Sequence[str] = (), **more: object) -> None:
        """A chapter; `short`: where it fell short of what is promised, besides what `impact` says."""
        gap_s = max(impact.gaps_s, default=max(impact.waits_s, default=0.0))
        faults = [*short]
        if not impact.harmless:
            faults.append("captions were lost or doubled, or rooms failed")
        if gap_s >= GAP_S:
            faults.append(f"a room waited too long (expected: below {GAP_S:g} s)")
        self.good = self.good and not faults
        self.chapters.append(
            {"text": text, "good": not faults, "short": faults, "rooms": impact.to_json(), **more}
        )
        self.told(
            f"{text}: {impact.finals} finals, lost {impact.lost}, doubled {impact.doubled},"
            f" {impact.reconnects} reconnects, longest wait for a caption {gap_s:.1f} s"
            + "".join(f"\nfalls short: {fault}" for fault in faults)
        )


def kept(before_s: float | None, under_s: float | None) -> bool:
    """Whether rooms kept their SLO under pressure, by their p95 of partials before it and under it."""
    if before_s is None or under_s is None:
        return False
    return under_s < max(Slo().partial_p95_s, SLOWER * before_s)

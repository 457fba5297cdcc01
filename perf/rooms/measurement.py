"""The whole measurement: step after step, until the service level breaks or a bound is reached."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from perf.rooms.breakdown import path
from perf.rooms.messages import Message
from perf.rooms.observation import Server, load, observe
from perf.rooms.profile import Profile
from perf.rooms.rows import Row, row
from perf.rooms.schedule import Join, Times, joins
from perf.rooms.slo import LATENESS_P99_S, PARTIALS, WORDS, Slo
from perf.rooms.slo_check import LATENESS, carried, claimed, combined, verdict
from perf.rooms.solo_baseline import Solos, play_alone

TRIES = 3
"""How often a run is tried: others on the machine may have held up the load generator for a moment."""

Listen = Callable[[Message | None], None]


class BoundError(Exception):
    """No more steps: of "minutes" there are not enough, or the "generator" was late."""


@dataclass
class Measurement:
    """A server under the rooms of a profile.

    Attributes:
        repeat: runs per step.
        minutes: no step is begun that would not end within so many.
        stage: is called before anything is played, with what it is and how many seconds it takes (None:
            as fast as it goes), and returns who listens to it.
        told: is given each row, and how many finals it lost.
        bound: what ended the search early, see `BoundError`, or "interrupted"; "" where nothing did.
    """

    server: Server
    profile: Profile
    slo: Slo
    times: Times
    seed: int
    repeat: int
    minutes: float
    stage: Callable[[str, float | None], Listen]
    told: Callable[[Row], None]
    bound: str = ""
    rows: list[Row] = field(default_factory=list)
    _solos: Solos = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def carries(self, rooms: int) -> bool:
        """Measures a step, keeps its row, and returns whether the service level was kept.

        Raises:
            BoundError: the load generator was late, or there is no time for it.
        """
        dealt = self.profile.deal(rooms)
        measured = combined([self._in_time(dealt, run) for run in range(self.repeat)])
        first = self.rows[0] if self.rows else None
        measured = replace(measured, verdict=verdict(measured, self.slo, first))
        self.rows.append(measured)
        self.told(measured)
        if not claimed(measured):
            raise BoundError("generator")
        return not measured.verdict

    def to_json(self) -> dict[str, object]:
        """What a result holds besides its provenance; rows in ascending order.

        `limited_by` is why `max_rooms` is not larger: "slo", "minutes", "interrupted", "rooms" where all that
        were asked for were carried, or "generator" where none is claimed.
        """
        curve = sorted(self.rows, key=lambda row: row.rooms)
        most = carried(curve, self.slo)
        limited_by = "slo" if any(row.verdict for row in curve) else "rooms"
        if most is None or self.bound in ("minutes", "interrupted"):
            limited_by = self.bound
        limits = {"lost": 0, "words_share": WORDS, "partials_share": PARTIALS, LATENESS: LATENESS_P99_S}
        return {
            "kind": "rooms",
            "max_rooms": most,
            "max_rooms_spoken": carried(curve, self.slo, spoken=True),
            "limited_by": limited_by,
            "slo": asdict(self.slo) | limits,
            "profile": self.profile.to_json(),
            "curve": [row.to_json() for row in curve],
        }

    def _in_time(self, kinds: list[int], run: int) -> Row:
        """One run of a step: the first try in which the load generator was in time, or else the last."""
        for _ in range(TRIES - 1):
            found = self._run(kinds, run)
            if claimed(found):
                return found
        return self._run(kinds, run)

    def _run(self, kinds: list[int], run: int) -> Row:
        """One try of a run; each run has arrivals of its own."""
        needed_s = self.times.step
        if time.monotonic() + needed_s > self._began + 60 * self.minutes:
            raise BoundError("minutes")
        rooms = joins(kinds, self.times.ramp, self.seed + run)
        self._hear_alone(rooms)
        again = f", run {run + 1} of {self.repeat}" if self.repeat > 1 else ""
        listen = self.stage(f"{len(rooms)} rooms{again}", needed_s)
        order = load(self.server, self.profile, rooms, self.seed, self.times)
        seen = observe(self.server, order, self.times, listen)
        models = path(self.server.triton.models) if self.server.triton else []
        return row(seen, rooms, self._solos, self.times, self.slo, models)

    def _hear_alone(self, rooms: list[Join]) -> None:
        """Plays alone what has not been played alone before."""
        new = [join for join in rooms if join.says not in self._solos]
        if new:
            listen = self.stage("rooms alone, as fast as they are served", None)
            self._solos |= play_alone(self.server, self.profile, new, self.seed, self.times, listen)

"""How many live rooms a server carries: more and more at real-time pace, until captions come too late."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from liveroom import AudioFile
from rich.progress import Progress
from rich.table import Table

from perf import report
from perf.load.server_costs import Meter, ModelCost
from perf.rooms.generator import Load, Outcome, RoomOutcome
from server import Triton

STEPS = (1, 2, 4, 8, 12, 16, 20)
PARTIAL_P95_S = 1.0
"""The service level: 95 of 100 partial captions arrive this soon after their last sample was spoken."""
DELIVERED = 0.9
"""Share of the words and captioned seconds of a room alone on the server that each of many must have. Rooms
begin at other places of the recording and so are cut into other segments, which alone moves a few words."""
PARTIALS = 0.8
"""Share of a lone room's partials per second that rooms must have: few that come in time are not enough."""
LATENESS_P99_S = 0.05
"""A load generator that is later than this measures itself: no result is claimed then."""
WARM_UP_S = 8.0
STEPS_AFTER_BREAK = 2
_GRACE_S = 120.0


@dataclass(frozen=True)
class Step:
    """What `rooms` rooms saw, and what they cost. `verdict` is why the service level was not kept, or "".

    words, covered: the least share of any room, of what a room alone on the server has.
    server_cores: CPU seconds of the server per second. models: see `ModelCost`.
    """

    rooms: int
    verdict: str
    partial_s: dict[str, float | None]
    final_s: dict[str, float | None]
    partials_per_room_and_s: float
    finals: int
    words: float
    covered: float
    held_up_s: float
    lateness_s: dict[str, float | None]
    server_cores: float
    load_cores: float
    errors: tuple[str, ...]
    models: tuple[ModelCost, ...]


@dataclass(frozen=True)
class Capacity:
    """The curve, and the most rooms whose service level was kept (0: not even one's)."""

    rooms: tuple[Step, ...]
    max_rooms: int

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def measure(
    triton: Triton,
    recording: Path,
    steps: Sequence[int],
    seconds: float,
    language: str,
    progress: Progress,
) -> Capacity:
    """Plays `recording` into one room, then into as many as each of `steps` says.

    Each step lasts about `seconds`: whole passes of the recording, so that every room speaks the same words.
    It ends `STEPS_AFTER_BREAK` steps after the service level was first missed.

    Raises RuntimeError when the load generator fails, or a room alone has no words.
    """
    with AudioFile(recording) as audio:
        duration = audio.duration
    passes = max(1, round(seconds / duration))
    done: list[Step] = []
    alone: Outcome | None = None
    for rooms in sorted({1, *steps}):
        load = Load(triton.grpc, str(recording), rooms, passes, WARM_UP_S, language)
        meter = Meter(triton)
        outcome = _play(load, passes * duration, progress)
        costs = meter.read()
        alone = alone or outcome
        if not alone.rooms[0].words:
            why = alone.rooms[0].error or "no speech found"
            raise RuntimeError(f"a room alone on the server has no words: {why}")
        done.append(judged(outcome, alone, costs.cpu_s / costs.wall_s, costs.wall_s, costs.models))
        progress.console.print(_line(done[-1]))
        if seen_enough(done):
            break
    return Capacity(tuple(done), max((step.rooms for step in done if not step.verdict), default=0))


def seen_enough(done: Sequence[Step]) -> bool:
    """Whether the service level was missed, and `STEPS_AFTER_BREAK` more steps have shown what follows."""
    missed = next((at for at, step in enumerate(done) if step.verdict), len(done))
    return len(done) - missed > STEPS_AFTER_BREAK


def judged(
    outcome: Outcome,
    alone: Outcome,
    server_cores: float,
    wall_s: float,
    models: tuple[ModelCost, ...] = (),
) -> Step:
    """An outcome against the service level and against a room that was alone on the server."""
    words = min(room.words for room in outcome.rooms) / alone.rooms[0].words
    covered = min(room.covered_s for room in outcome.rooms) / alone.rooms[0].covered_s
    errors = tuple(room.error for room in outcome.rooms if room.error)
    late, partial = outcome.lateness_s["p99"], outcome.partial_s["p95"]
    if late is None or late > LATENESS_P99_S:
        verdict = "not claimed: the load generator was late"
    elif errors:
        verdict = f"{len(errors)} rooms failed"
    elif min(words, covered) < DELIVERED:
        verdict = "finals are missing"
    elif partial is None or partial >= PARTIAL_P95_S:
        verdict = f"p95 of partials is not below {PARTIAL_P95_S:g} s"
    elif outcome.partials_per_room_and_s < PARTIALS * alone.partials_per_room_and_s:
        verdict = "partials come too seldom"
    else:
        verdict = ""
    return Step(
        rooms=len(outcome.rooms),
        verdict=verdict,
        partial_s=outcome.partial_s,
        final_s=outcome.final_s,
        partials_per_room_and_s=outcome.partials_per_room_and_s,
        finals=sum(room.finals for room in outcome.rooms),
        words=round(words, 3),
        covered=round(covered, 3),
        held_up_s=outcome.held_up_s,
        lateness_s=outcome.lateness_s,
        server_cores=round(server_cores, 2),
        load_cores=round(outcome.cpu_s / wall_s, 2),
        errors=errors,
        models=models,
    )


def table(capacity: Capacity) -> Table:
    """For people: the curve."""
    view = Table(title="rooms of continuous speech at real-time pace")
    headings = ("rooms", "partial p50", "p95", "p99", "final p50", "p95", "p99", "per room, s", "finals")
    for heading in (*headings, "words", "covered", "cores"):
        view.add_column(heading, justify="right")
    view.add_column("service level")
    for step in capacity.rooms:
        times = [kind[name] for kind in (step.partial_s, step.final_s) for name in ("p50", "p95", "p99")]
        view.add_row(
            str(step.rooms),
            *("-" if each is None else f"{each:.2f}" for each in times),
            f"{step.partials_per_room_and_s:.2f}",
            str(step.finals),
            f"{step.words:.0%}",
            f"{step.covered:.0%}",
            f"{step.server_cores:.2f}",
            step.verdict or "kept",
        )
    view.caption = (
        f"{capacity.max_rooms} rooms: p95 of partials below {PARTIAL_P95_S:g} s and every final delivered. "
        "Per room, s: partials. "
        "Latencies in seconds since a caption's last sample was spoken; words and seconds covered by finals: "
        "of the room with the least, against a room alone; cores: CPU of the server."
    )
    return view


def _line(step: Step) -> str:
    p95 = step.partial_s["p95"]
    shown = "-" if p95 is None else f"{p95:.2f} s"
    return f"{step.rooms:>3} rooms: partial p95 {shown}, {step.verdict or 'service level kept'}"


def _play(load: Load, duration: float, progress: Progress) -> Outcome:
    """Runs the load generator; a step that does not end is ended."""
    command = [sys.executable, "-m", "perf.rooms.generator", json.dumps(asdict(load))]
    task = progress.add_task(f"{load.rooms} rooms", total=duration)
    began = time.monotonic()
    with subprocess.Popen(command, cwd=report.PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            while True:
                elapsed = time.monotonic() - began
                progress.update(task, completed=min(elapsed, duration))
                try:
                    output, _ = process.communicate(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    if elapsed > duration + _GRACE_S:
                        raise RuntimeError(f"the load of {load.rooms} rooms did not end in time") from None
        finally:
            process.kill()
            progress.remove_task(task)
    if process.returncode != 0:
        raise RuntimeError(f"the load of {load.rooms} rooms ended with {process.returncode}: see above")
    fields = json.loads(output)
    return Outcome(**fields | {"rooms": tuple(RoomOutcome(**room) for room in fields["rooms"])})

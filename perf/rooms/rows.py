"""One step as a row of the curve: what its rooms saw, and what that cost the server and the generator."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from perf.load.playback import percentiles
from perf.load.processes import ProcessCost, cores, memory_mb
from perf.load.server_costs import ModelCost
from perf.rooms.breakdown import breakdown, signals
from perf.rooms.messages import Heard, Pulse
from perf.rooms.observation import Observation
from perf.rooms.schedule import Join, Times
from perf.rooms.slo import Slo
from perf.rooms.solo_baseline import Solos, lost, solo


@dataclass(frozen=True)
class Row:
    """A number of rooms in the measured window.

    What is not known of a server that was not started here is None or empty.

    Attributes:
        rooms: how many.
        measures: among the row's own keys in `to_json`. `partial_p50_s` to `final_p99_s`, latency from when a
            caption could first be known; `partial_spoken_p50_s` to `final_spoken_p99_s`, from when its last
            sample was spoken (see latency.py); `partials_per_speech_s`; `words_share`, words in the finals of
            all rooms, of those that they have alone on the server; `sent_after_max_s`, the most that a chunk
            was sent after it was due; `generator_lateness_p99_s`; `generator_cores` and `server_cores`, CPU
            seconds per second; `memory_mb`, PSS of the server at the end. Of rooms with video: `frame_p50_s`
            to `frame_p99_s`, from when a frame was taken until it was told what it shows; `frames_per_s`,
            frames that were looked at, of all rooms; `frames_sent`; `frames_dropped_share`, of those sent.
        lost: finals, of whole rooms (see `solo_baseline.lost`).
        late: captions and frames beyond the limit of their kind.
        failed, errors: rooms that ended early, and why.
        partials, finals: captions.
        spoken_s: seconds of speech of all rooms.
        time: see `breakdown`.
        verdict: why the service level was not kept, or "".
        runs: where a step was repeated, what each run had, see `slo_check.combined`.
    """

    rooms: int
    measures: Mapping[str, float | None]
    lost: int
    late: int
    failed: int
    partials: int
    finals: int
    spoken_s: float
    errors: tuple[str, ...] = ()
    signals: Mapping[str, float | None] | None = None
    models: tuple[ModelCost, ...] = ()
    processes: tuple[ProcessCost, ...] = ()
    time: tuple[Mapping[str, str | float], ...] = ()
    verdict: str = ""
    runs: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        fields = asdict(self)
        measures = fields.pop("measures")
        if not fields["runs"]:
            del fields["runs"]
        return {"rooms": self.rooms, "verdict": self.verdict, **measures, **fields}


def row(
    seen: Observation,
    joins: Sequence[Join],
    solos: Solos,
    times: Times,
    slo: Slo,
    models: Sequence[str] = (),
) -> Row:
    """What a step came to, not judged yet.

    Args:
        seen: of the step.
        joins: its rooms.
        solos: what they say alone.
        times: of the step.
        slo: for what counts as late.
        models: those that a caption goes through (`breakdown.path`).
    """
    start, end = times.window
    heard = [caption for caption in seen.heard if start <= caption.due_s < end]
    partials = [caption for caption in heard if caption.kind == "partial"]
    finals = [caption for caption in heard if caption.kind == "final"]
    pulses = [pulse for pulse in seen.pulses if start < pulse.at_s <= end]
    looked = [frame.latency_s for frame in seen.seen if start <= frame.due_s < end]
    late_s = [seconds for pulse in pulses for seconds in pulse.lateness_s]
    sent_s = [seconds for pulse in pulses for seconds in pulse.sent_after_s]
    trips_s = [pulse.round_trip_s for pulse in pulses if pulse.round_trip_s is not None]
    crowd = {join: solo(seen.finals(join.number)) for join in joins}
    words = sum(said.words for said in crowd.values())
    words_alone = sum(solos[join.says].words for join in joins)
    spoken_s = sum(solos[join.says].spoken_s for join in joins) * times.measured / times.room
    costs = seen.costs
    measures = (
        _latencies(partials, finals)
        | _frames(looked, pulses, times)
        | {
            "partials_per_speech_s": round(len(partials) / spoken_s, 3) if spoken_s else None,
            "words_share": round(words / words_alone, 3) if words_alone else None,
            "sent_after_max_s": round(max(sent_s, default=0.0), 3),
            "generator_lateness_p99_s": percentiles(late_s)["p99"],
            "generator_cores": round(cores(seen.generators), 3),
            "server_cores": round(cores(costs.processes), 3) if costs else None,
            "memory_mb": round(memory_mb(costs.processes), 1) if costs else None,
        }
    )
    latencies_s = [caption.latency_s for caption in partials]
    return Row(
        rooms=len(joins),
        measures=measures,
        lost=sum(lost(solos[j.says], crowd[j], failed=j.number in seen.errors) for j in joins),
        late=sum(caption.latency_s >= slo.limits_s[caption.kind] for caption in heard)
        + sum(latency_s >= slo.limits_s["faces"] for latency_s in looked),
        failed=len(seen.errors),
        partials=len(partials),
        finals=len(finals),
        spoken_s=round(spoken_s, 1),
        errors=tuple(sorted(set(seen.errors.values()))),
        signals=signals(costs.models, seen.pending, seen.open_rooms) if costs else None,
        models=costs.models if costs else (),
        processes=(*(costs.processes if costs else ()), *seen.generators),
        time=breakdown(latencies_s, sent_s, trips_s, costs.models, models) if costs and partials else (),
    )


def _frames(latencies_s: Sequence[float], pulses: Sequence[Pulse], times: Times) -> dict[str, float | None]:
    """The measures of video; none where nobody sent any."""
    sent, dropped = sum(pulse.frames_sent for pulse in pulses), sum(pulse.frames_dropped for pulse in pulses)
    if not sent:
        return {}
    return {f"frame_{name}_s": seconds for name, seconds in percentiles(latencies_s).items()} | {
        "frames_per_s": round((sent - dropped) / times.measured, 3),
        "frames_sent": float(sent),
        "frames_dropped_share": round(dropped / sent, 4),
    }


def _latencies(partials: Sequence[Heard], finals: Sequence[Heard]) -> dict[str, float | None]:
    """The latencies among the measures of a row."""
    values = {
        "partial": [caption.latency_s for caption in partials],
        "final": [caption.latency_s for caption in finals],
        "partial_spoken": [caption.spoken_s for caption in partials],
        "final_spoken": [caption.spoken_s for caption in finals],
    }
    return {
        f"{name}_{percentile}_s": seconds
        for name, latencies in values.items()
        for percentile, seconds in percentiles(latencies).items()
    }

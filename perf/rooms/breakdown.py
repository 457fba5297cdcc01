"""Where the time of a partial caption goes, and what an autoscaler would see meanwhile."""

from collections.abc import Mapping, Sequence

from perf.load.server_costs import ModelCost
from server.repository import Model

ROOT = "captions"
"""The model that rooms talk to."""


def path(models: Mapping[str, Model], root: str = ROOT) -> list[str]:
    """The models that a caption goes through behind `root`, an ensemble's steps in its place."""
    found: list[str] = []
    for name in models[root].requires if root in models else ():
        found += path(models, name) if models[name].is_ensemble else [name]
    return found


def breakdown(
    partials_s: Sequence[float],
    sent_after_s: Sequence[float],
    round_trips_s: Sequence[float],
    costs: Sequence[ModelCost],
    models: Sequence[str],
) -> tuple[Mapping[str, str | float], ...]:
    """Parts of the mean latency of partials, [{"part", "ms"}], which add up to it.

    client: from when a chunk was due until it was on its way; where the server holds rooms up, that is here.
    grpc: the round trip of a call on the same connection that runs no model. queue: in the queues of `models`
    together, then each of them at work; these are means of all of their requests, those for finals included.
    captions: the rest. That is the wait for a whole window of speech detection and for the room's recognition
    before this one, and the work of `captions` itself.
    """
    on_path = [cost for name in models for cost in costs if cost.name == name]
    parts = {
        "client": _mean_ms(sent_after_s),
        "grpc": _mean_ms(round_trips_s),
        "queue": sum(cost.queue_ms or 0.0 for cost in on_path),
        **{cost.name: cost.compute_ms or 0.0 for cost in on_path},
    }
    parts[ROOT] = _mean_ms(partials_s) - sum(parts.values())
    return tuple({"part": name, "ms": round(ms, 2)} for name, ms in parts.items())


def signals(
    costs: Sequence[ModelCost], pending: Sequence[float], open_rooms: Sequence[int]
) -> dict[str, float | None]:
    """What a cluster can scale by.

    `queue_ms` is the mean time of a request in a queue, over all models; in PromQL
    `sum(rate(nv_inference_queue_duration_us[1m])) / sum(rate(nv_inference_request_success[1m])) / 1000`.
    `pending` is the mean of looks once a second at the sum of `nv_inference_pending_request_count`,
    `pending_max` the most. `active_sequences` are the rooms open at these looks, on average.
    """
    requests = sum(cost.requests for cost in costs if cost.queue_ms is not None)
    queued_ms = sum(cost.requests * cost.queue_ms for cost in costs if cost.queue_ms is not None)
    return {
        "queue_ms": round(queued_ms / requests, 3) if requests else None,
        "pending": round(_mean(pending), 3) if pending else None,
        "pending_max": max(pending, default=None),
        "active_sequences": round(_mean(open_rooms), 3) if open_rooms else None,
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_ms(seconds: Sequence[float]) -> float:
    return 1000 * _mean(seconds) if seconds else 0.0

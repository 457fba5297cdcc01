"""What is made of Triton's statistics."""

import pytest
from tritonclient.grpc import service_pb2

from perf.load.server_costs import difference

MS = 1_000_000


def statistics(requests: int, batches: int, queue_ms: int, compute_ms: int) -> service_pb2.ModelStatistics:
    """Of a model that has served `requests` in `batches` of equal size, each batch in `compute_ms`."""
    found = service_pb2.ModelStatistics(name="model", inference_count=requests, execution_count=batches)
    of_requests = found.inference_stats
    for duration in (of_requests.success, of_requests.queue, of_requests.compute_infer):
        duration.count = requests
    of_requests.queue.ns = requests * queue_ms * MS
    of_requests.compute_infer.ns = requests * compute_ms * MS
    of_requests.success.ns = requests * (queue_ms + compute_ms) * MS
    size = found.batch_stats.add(batch_size=requests // batches)
    size.compute_infer.count, size.compute_infer.ns = batches, batches * compute_ms * MS
    return found


def test_only_what_happened_between_the_readings_counts() -> None:
    before, after = statistics(8, 8, 5, 10), statistics(8, 8, 5, 10)
    later = statistics(24, 4, 2, 30)
    after.MergeFrom(later)  # adds the batches; the rest is set by hand
    after.inference_count, after.execution_count = 8 + 24, 8 + 4
    for name in ("success", "queue", "compute_infer"):
        old, new = (getattr(s.inference_stats, name) for s in (before, later))
        total = getattr(after.inference_stats, name)
        total.count, total.ns = old.count + new.count, old.ns + new.ns
    cost = difference(before, after)
    assert (cost.inferences, cost.executions) == (24, 4)
    assert cost.queue_ms == pytest.approx(2)
    assert cost.compute_ms == pytest.approx(30)
    assert cost.total_ms == pytest.approx(32)
    assert cost.batches == {6: 4}


def test_a_batch_keeps_its_model_busy_once() -> None:
    cost = difference(service_pb2.ModelStatistics(), statistics(24, 4, 0, 30))
    assert cost.compute_ms == pytest.approx(30)
    assert cost.busy_s == pytest.approx(4 * 0.030)


def test_an_ensemble_has_a_total_only() -> None:
    cost = difference(service_pb2.ModelStatistics(), statistics(2, 2, 0, 30), ensemble=True)
    assert (cost.queue_ms, cost.compute_ms, cost.busy_s) == (None, None, None)
    assert cost.total_ms == pytest.approx(30)


def test_a_model_that_did_nothing() -> None:
    same = statistics(4, 2, 1, 1)
    cost = difference(same, same)
    assert (cost.inferences, cost.queue_ms, cost.total_ms, cost.busy_s) == (0, 0, 0, 0)

"""The two that need no service of their own to be started: ours, and ONNX Runtime in this process."""

import contextlib
import queue
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from perf.load import analyzer
from perf.load.closed_loop import Answers, answers
from perf.models import in_process
from perf.peers.catalogue import Layout
from perf.peers.subjects import Subject
from server import Triton

Loader = Callable[[int, float], Answers]
"""Loads a service with so many callers for so many seconds."""
IN_PROCESS = "in-process"
ONE_THREAD = ("--async", "--max-threads", "1")  # as the peers' generators are
_PATIENCE_S = 60.0


@contextlib.contextmanager
def ours(subject: Subject) -> Iterator[Loader]:
    """The embedded Triton with the portable backend; perf_analyzer's gRPC is what loads it."""
    with Triton(subject.repository, [subject.model.name], drain_s=0) as triton:

        def load(concurrency: int, seconds: float) -> Answers:
            arguments = [*ONE_THREAD, "--input-data", str(subject.inputs)]
            cpu, began = _children_cpu(), time.perf_counter()
            found = analyzer.measure(
                triton.grpc,
                subject.model.name,
                concurrency,
                window_s=seconds / analyzer.WINDOWS,
                arguments=arguments,
            )
            cores = (_children_cpu() - cpu) / (time.perf_counter() - began)
            return Answers(concurrency, found.per_second, found.p50_ms, found.p99_ms, 0, "", cores)

        yield load


@contextlib.contextmanager
def bare(subject: Subject, layout: Layout) -> Iterator[Loader]:
    """ONNX Runtime in this process, with the session options of ours: what callers get without a server.

    Callers take turns on the sessions. Requests are not batched: `perf models` finds the best batch size.
    """
    model = in_process.of(subject.model)
    if model is None:
        raise RuntimeError(f"{subject.model.name} can't be run in this process")
    (tensor,) = subject.model.config.input
    step = {tensor.name: subject.x[0]}
    sessions: queue.SimpleQueue[in_process.Job] = queue.SimpleQueue()
    for _ in range(layout.workers):
        sessions.put(model.load(layout.threads)([step]))

    def load(concurrency: int, seconds: float) -> Answers:
        cpu, began = time.process_time(), time.perf_counter()

        def caller() -> list[float]:
            latencies = []
            while (asked := time.perf_counter()) - began < seconds:
                session = sessions.get(timeout=_PATIENCE_S)
                session()
                sessions.put(session)
                latencies.append(time.perf_counter() - asked)
            return latencies

        with ThreadPoolExecutor(concurrency) as pool:
            callers = [pool.submit(caller) for _ in range(concurrency)]
            latencies = [latency for each in callers for latency in each.result()]
        elapsed = time.perf_counter() - began
        return answers(concurrency, latencies, elapsed, time.process_time() - cpu)

    yield load


def _children_cpu() -> float:
    """CPU seconds of the processes that have been waited for: of all that end meanwhile, perf_analyzer's."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime

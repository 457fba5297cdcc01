"""The two that need no service of their own to be started: ours, and ONNX Runtime in this process."""

import contextlib
import os
import queue
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from perf.load import analyzer
from perf.load.closed_loop import Answers, answers
from perf.models import in_process
from perf.models.instances import Job
from perf.peers.subjects import Subject
from server import Triton

Loader = Callable[[int, float], Answers]
"""Loads a service with so many callers for so many seconds."""
IN_PROCESS = "in-process"
ONE_THREAD = ("--async", "--max-threads", "1")  # as the peers' generators are


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
def bare(subject: Subject) -> Iterator[Loader]:
    """ONNX Runtime in this process, with the session options of ours: what callers get without a server.

    Sessions are laid out as a core for each or all cores for one, whichever serves so many callers better,
    and take requests in order. Those are not batched: `perf models` finds the best batch size.
    """
    model = in_process.of(subject.model)
    if model is None:
        raise RuntimeError(f"{subject.model.name} can't be run in this process")
    (tensor,) = subject.model.config.input
    step = {tensor.name: subject.x[0]}
    cores = len(os.sched_getaffinity(0))
    layouts = [[model.load(threads)([step]) for _ in range(cores // threads)] for threads in {1, cores}]
    yield lambda callers, seconds: max(
        (_in_turn(sessions, callers, seconds) for sessions in layouts), key=lambda found: found.per_second
    )


def _in_turn(sessions: Sequence[Job], concurrency: int, seconds: float) -> Answers:
    free = queue.SimpleQueue[Job]()
    for session in sessions:
        free.put(session)
    cpu, began = time.process_time(), time.perf_counter()

    def serve() -> None:
        session = free.get_nowait()  # there are as many as threads
        session()
        free.put(session)

    def call(pool: ThreadPoolExecutor) -> list[float]:
        latencies = []
        while (asked := time.perf_counter()) - began < seconds:
            pool.submit(serve).result()
            latencies.append(time.perf_counter() - asked)
        return latencies

    with ThreadPoolExecutor(len(sessions)) as pool, ThreadPoolExecutor(concurrency) as callers:
        calls = [callers.submit(call, pool) for _ in range(concurrency)]
        latencies = [latency for call in calls for latency in call.result()]
    elapsed = time.perf_counter() - began
    return answers(concurrency, latencies, elapsed, time.process_time() - cpu)


def _children_cpu() -> float:
    """CPU seconds of the processes that have been waited for: of all that end meanwhile, perf_analyzer's."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime

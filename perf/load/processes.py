"""CPU and memory of a server and its Python stubs, process by process."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_STUB = "triton_python_backend_stub"


@dataclass(frozen=True)
class Usage:
    """One process at a moment.

    Attributes:
        cpu_s: user and system seconds since it began.
        memory_mb: proportional set size (Linux PSS, MiB): pages that several processes share count once
            in all.
    """

    name: str
    cpu_s: float
    memory_mb: float


@dataclass(frozen=True)
class ProcessCost:
    """One process between two moments: CPU seconds per second, and its memory at the end (PSS, MiB)."""

    name: str
    cpu_cores: float
    memory_mb: float


def family(pid: int) -> dict[int, Usage]:
    """The process `pid` and all that descend from it; those that have gone meanwhile are left out."""
    root = psutil.Process(pid)
    found = {}
    for process in (root, *root.children(recursive=True)):
        try:
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_full_info()
                name = _name(process)
        except psutil.Error:
            continue
        found[process.pid] = Usage(name, times.user + times.system, memory.pss / 2**20)
    return found


def costs(before: Mapping[int, Usage], now: Mapping[int, Usage], wall_s: float) -> tuple[ProcessCost, ...]:
    """What each process that is there now spent since `before`, `wall_s` seconds ago; the busiest first."""
    spent = (
        ProcessCost(
            name=usage.name,
            cpu_cores=(usage.cpu_s - (before[pid].cpu_s if pid in before else 0.0)) / wall_s,
            memory_mb=usage.memory_mb,
        )
        for pid, usage in now.items()
    )
    return tuple(sorted(spent, key=lambda cost: -cost.cpu_cores))


def cores(processes: Iterable[ProcessCost]) -> float:
    """CPU seconds per second of them together."""
    return round(sum(process.cpu_cores for process in processes), 3)


def memory_mb(processes: Iterable[ProcessCost]) -> float:
    """Memory of them together, MiB."""
    return round(sum(process.memory_mb for process in processes), 1)


def _name(process: psutil.Process) -> str:
    """A stub goes by its model instance (whisper_encoder_0_1), anything else by its own name."""
    arguments = process.cmdline()
    if arguments and Path(arguments[0]).name == _STUB:
        return arguments[-2]
    return process.name()

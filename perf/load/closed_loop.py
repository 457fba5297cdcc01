"""What a closed loop measures: callers who each send the next request when they have their answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answers:
    """What `concurrency` callers saw in a stretch of time.

    Attributes:
        per_second: right answers. p50_ms to p99_ms: of those; None without any.
        errors: answers that were wrong, late or did not come.
        first_error: the first one, "" for none.
        generator_cores: CPU seconds that the callers themselves took per second, which the service did
            not have.
    """

    concurrency: int
    per_second: float
    p50_ms: float | None
    p99_ms: float | None
    errors: int
    first_error: str
    generator_cores: float
    p95_ms: float | None = None


def answers(
    concurrency: int, latencies_s: Sequence[float], elapsed_s: float, cpu_s: float, errors: Sequence[str] = ()
) -> Answers:
    """Sums up the latencies (seconds) of the right answers that came in `elapsed_s`, and what went wrong."""
    p50, p95, p99 = (np.percentile(latencies_s, [50, 95, 99]) * 1000).tolist() if latencies_s else [None] * 3
    return Answers(
        concurrency=concurrency,
        per_second=len(latencies_s) / elapsed_s,
        p50_ms=p50,
        p99_ms=p99,
        errors=len(errors),
        first_error=errors[0] if errors else "",
        generator_cores=cpu_s / elapsed_s,
        p95_ms=p95,
    )

"""Prometheus counters and histograms by class of tenant, told to Triton once a second.

Triton 24.10 gives Python models counters and gauges, and each call is a message to another process. So a
histogram is made of the counters that Prometheus would read of it, and what is counted waits for the next
second.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from threading import Event, Lock, Thread

import triton_python_backend_utils as pb_utils

TENANT_CLASS = "x-tenant-class"
"""gRPC metadata that a gateway vouches for; Triton hands it on as a parameter of the request."""
OTHER = "other"
"""The class of tenants that have none, or one that this server was not told of."""
MOST_CLASSES = 8
"""Each has series of its own, so there must not be as many as a client likes."""
PERIOD = 1.0
"""Seconds between two reports to Triton."""
_CLASS = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Classes:
    """The classes of tenants that metrics tell apart: names separated by commas, none by default.

    `tenant_classes` is a parameter of the model, and LIVEROOM_TENANT_CLASSES overrides it.

    Raises:
        ValueError: they are no names.
    """

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        value = os.environ.get("LIVEROOM_TENANT_CLASSES") or parameters["tenant_classes"]["string_value"]
        named = [name.strip() for name in value.split(",") if name.strip()]
        if len(named) > MOST_CLASSES or not all(_CLASS.fullmatch(name) for name in named):
            raise ValueError(
                f"LIVEROOM_TENANT_CLASSES is {value!r}; it must be at most {MOST_CLASSES} names such as "
                "paid,free, of small letters, digits, - and _"
            )
        self.names = tuple(dict.fromkeys((*named, OTHER)))

    def of(self, parameters: Mapping[str, object]) -> str:
        """The class of the tenant of a request with `parameters`."""
        name = str(parameters.get(TENANT_CLASS, OTHER))
        return name if name in self.names else OTHER


class Counters:
    """Counters of one name, one for each of `values`, which are those of `labels`.

    All are there from the start: a rate needs a zero to rise from.
    """

    def __init__(
        self, name: str, about: str, labels: Sequence[str], values: Iterable[tuple[str, ...]]
    ) -> None:
        # Kept as well: what a family counts for is gone with it.
        self._family = pb_utils.MetricFamily(name, about, pb_utils.MetricFamily.COUNTER)
        self._metrics = {
            value: self._family.Metric(dict(zip(labels, value, strict=True))) for value in values
        }
        self._waiting: Counter[tuple[str, ...]] = Counter()
        self._lock = Lock()

    def add(self, *values: str, count: float = 1) -> None:
        """Count what has these values of the labels."""
        with self._lock:
            self._waiting[values] += count  # type: ignore[assignment] # seconds are counted too

    def tell(self) -> None:
        """Tell Triton what was counted since the last time."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        for values, count in waiting.items():
            self._metrics[values].increment(count)


class Histogram:
    """Seconds, by the values of `labels`: the series NAME_bucket, NAME_sum and NAME_count.

    `bounds`: upper ones of the buckets, rising; one without a bound comes after them.
    """

    def __init__(
        self,
        name: str,
        about: str,
        labels: Sequence[str],
        values: Iterable[tuple[str, ...]],
        bounds: Sequence[float],
    ) -> None:
        values = list(values)
        self._bounds = [*bounds, float("inf")]
        within = [(*each, _bound(bound)) for each, bound in product(values, self._bounds)]
        self._buckets = Counters(f"{name}_bucket", about, [*labels, "le"], within)
        self._sum = Counters(f"{name}_sum", about, labels, values)
        self._count = Counters(f"{name}_count", about, labels, values)

    def observe(self, seconds: float, *values: str) -> None:
        """Count `seconds` in every bucket that they lie in; a time that can't be counts for nothing.

        A counter that is told to fall takes its process with it, and Triton after that.
        """
        if not 0 <= seconds < float("inf"):
            return
        for bound in self._bounds:
            if seconds <= bound:
                self._buckets.add(*values, _bound(bound))
        self._sum.add(*values, count=seconds)
        self._count.add(*values)

    @property
    def parts(self) -> tuple[Counters, ...]:
        """The counters that it is made of."""
        return (self._buckets, self._sum, self._count)


class Teller:
    """Has counters tell Triton once a second, on a thread of its own."""

    def __init__(self, counters: Sequence[Counters]) -> None:
        self._counters = counters
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, once all has been told."""
        self._stopped.set()
        self._thread.join(PERIOD)

    def _run(self) -> None:
        while not self._stopped.wait(PERIOD):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        for counters in self._counters:
            counters.tell()


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else f"{seconds:g}"

"""Prometheus metrics of a load while it runs.

Names and units by https://prometheus.io/docs/practices/naming/: base units, `_total` for counters, one
application prefix.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from perf.rooms.messages import Ended, Heard, Joined, Message, Pulse, Seen

PREFIX = "liveroom_load_"
CAPTION_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
LATENESS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class LoadMetrics:
    """The metrics and, inside `with`, an HTTP endpoint on 127.0.0.1 that serves them.

    Args:
        port: 0 picks a free one, see `url`.
        limits_s: of each kind of caption the latency from which it is late.
    """

    def __init__(self, port: int, limits_s: Mapping[str, float]) -> None:
        self._limits_s = limits_s
        self._port = port
        self._registry = registry = CollectorRegistry()
        self._rooms = Gauge(f"{PREFIX}rooms", "Rooms that are being played now.", registry=registry)
        self._failed = Counter(f"{PREFIX}rooms_failed", "Rooms that ended early.", registry=registry)
        self._events = Counter(
            f"{PREFIX}events", "Captions received, and frames seen.", ["kind"], registry=registry
        )
        self._dropped = Counter(f"{PREFIX}frames_dropped", "Frames that were dropped.", registry=registry)
        self._latency = Histogram(
            f"{PREFIX}caption_latency_seconds",
            "From when a caption could first have been known until it was received.",
            ["kind"],
            buckets=CAPTION_BUCKETS,
            registry=registry,
        )
        self._seen = Histogram(
            f"{PREFIX}frame_latency_seconds",
            "From when a frame was taken until it was received what it shows.",
            buckets=CAPTION_BUCKETS,
            registry=registry,
        )
        self._late = Counter(
            f"{PREFIX}late", "Events beyond the SLO's limit for their kind.", ["kind"], registry=registry
        )
        self._lost = Counter(
            f"{PREFIX}lost", "Finals that rooms had alone, and not among many.", registry=registry
        )
        self._lateness = Histogram(
            f"{PREFIX}generator_lateness_seconds",
            "How much later than planned the load generator itself did things.",
            buckets=LATENESS_BUCKETS,
            registry=registry,
        )
        for kind in limits_s:
            self._events.labels(kind)
            self._late.labels(kind)

    @property
    def url(self) -> str:
        """Where the metrics are while the endpoint is up."""
        return f"http://127.0.0.1:{self._port}/metrics"

    def take(self, message: Message) -> None:
        """Counts what a generator told."""
        match message:
            case Joined():
                self._rooms.inc()
            case Heard():
                self._events.labels(message.kind).inc()
                self._latency.labels(message.kind).observe(message.latency_s)
                if message.latency_s >= self._limits_s[message.kind]:
                    self._late.labels(message.kind).inc()
            case Seen():
                self._events.labels("faces").inc()
                self._seen.observe(message.latency_s)
                if message.latency_s >= self._limits_s["faces"]:
                    self._late.labels("faces").inc()
            case Pulse():
                self._dropped.inc(message.frames_dropped)
                for lateness_s in message.lateness_s:
                    self._lateness.observe(max(lateness_s, 0.0))
            case Ended():
                self._rooms.dec()
                self._failed.inc(message.error is not None)

    def idle(self, lost: int) -> None:
        """Counts what was found lost at the end of a step; no room is open."""
        self._lost.inc(lost)
        self._rooms.set(0)

    def __enter__(self) -> Self:
        try:
            self._server, self._thread = start_http_server(self._port, "127.0.0.1", self._registry)
        except OSError as error:
            why = f"--metrics-port {self._port} can't be used ({error.strerror})"
            raise RuntimeError(f"{why}: choose another, or 0 for a free one") from None
        self._port = self._server.server_port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""How many live rooms does a server carry? Rooms at real-time pace, more and more, until the SLO breaks."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from evaluation import speech
from perf import report
from perf.options import add_output, count, positive, share
from perf.rooms import audio_source
from perf.rooms import profile as profiles
from perf.rooms.capacity_search import ladder, search
from perf.rooms.measurement import BoundError, Listen, Measurement
from perf.rooms.messages import Message
from perf.rooms.metrics import LoadMetrics
from perf.rooms.observation import Server
from perf.rooms.rows import Row
from perf.rooms.schedule import Times
from perf.rooms.section import section
from perf.rooms.slo import Slo
from server import Triton
from server.triton import LOOPBACK
from tooling import progress
from tooling.exit_codes import INTERRUPTED
from tooling.sources import Library

__all__ = ["add_arguments", "run", "section"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf rooms`."""
    add = parser.add_argument
    shipped = ", ".join(profiles.names())
    add("--profile", default="mixed", help=f"what rooms are like: {shipped} or a TOML file (%(default)s)")
    add(
        "--max-rooms",
        type=count,
        default=64,
        metavar="N",
        help="never more rooms than these (%(default)s)",
    )
    add(
        "--rooms",
        type=count,
        nargs="+",
        metavar="N",
        help="exactly these numbers instead of a search (default: the profile's steps)",
    )
    add(
        "--seconds",
        type=positive,
        default=45.0,
        help="measured in each step, after a warm-up (%(default)s)",
    )
    add("--max-minutes", type=positive, default=15.0, help="begin no step that ends later (%(default)s)")
    add("--repeat", type=count, default=1, help="runs of each step; medians count (%(default)s)")
    add("--seed", type=int, default=1, help="of arrivals, and of what rooms say when (%(default)s)")
    slo = Slo()
    add(
        "--partial-p95",
        type=positive,
        default=slo.partial_p95_s,
        metavar="S",
        help="SLO, s (%(default)s)",
    )
    add("--final-p99", type=positive, default=slo.final_p99_s, metavar="S", help="SLO, s (%(default)s)")
    add("--frame-p95", type=positive, default=slo.frame_p95_s, metavar="S", help="SLO, s (%(default)s)")
    add(
        "--frames-dropped",
        type=share,
        default=slo.frames_dropped,
        metavar="SHARE",
        help="SLO, of the frames; 1: dropping is no fault (%(default)s)",
    )
    add(
        "--url",
        type=_loopback,
        help="a server or gateway that runs already, on loopback: host:port of its gRPC, grpcs://... for TLS",
    )
    add("--token-file", type=_file, metavar="FILE", help="the token that a gateway asks for")
    add("--ca", type=_file, metavar="FILE", help="PEM file that vouches for a gateway")
    add("--metrics-port", type=_port, default=0, help="Prometheus metrics on 127.0.0.1 (0: a free port)")
    add_output(parser, "rooms")


def run(options: argparse.Namespace) -> int:
    """Measures, prints, and writes build/perf/rooms.json.

    After Ctrl-C what was measured until then is printed and written. Returns 1 where nothing can be claimed
    because the load generator was late.
    """
    console = report.console(as_json=options.json)
    profile = profiles.load(options.profile)
    audio_source.check(profile, speech.clips(library=Library(progress=progress.Progress(console))))
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    result = report.provenance(settings)
    slo = Slo(options.partial_p95, options.final_p99, options.frame_p95, options.frames_dropped)
    with ExitStack() as stack:
        server = stack.enter_context(_server(options, profile.models, console))
        metrics = stack.enter_context(LoadMetrics(options.metrics_port, slo.limits_s))
        console.print(f"{server.address}, profile {profile.name}; metrics of the load: {metrics.url}")
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        bars = stack.enter_context(Progress(*columns, console=console, transient=True))
        screen = _Screen(bars, metrics)
        measurement = Measurement(
            server,
            profile,
            slo,
            Times.measuring(options.seconds),
            options.seed,
            options.repeat,
            options.max_minutes,
            screen.stage,
            screen.told,
        )
        try:
            if steps := options.rooms or profile.steps:
                for rooms in sorted(set(steps)):
                    measurement.carries(rooms)
            else:
                search(measurement.carries, list(ladder(options.max_rooms)))
        except BoundError as bound:
            measurement.bound = str(bound)
        except KeyboardInterrupt:
            measurement.bound = "interrupted"
            if not measurement.rows:
                raise
    result |= measurement.to_json()
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    if measurement.bound == "interrupted":
        return INTERRUPTED
    return 1 if result["max_rooms"] is None else 0


class _Screen:
    """A bar for what is being played, a line for each step, and Prometheus metrics of both."""

    def __init__(self, bars: Progress, metrics: LoadMetrics) -> None:
        self._bars = bars
        self._metrics = metrics

    def stage(self, what: str, seconds: float | None) -> Listen:
        """A new bar in place of the last; only rooms at real-time pace count as load."""
        for task in self._bars.task_ids:
            self._bars.remove_task(task)
        task = self._bars.add_task(what, total=seconds)

        def listen(message: Message | None) -> None:
            if seconds is not None:
                self._bars.update(task, completed=min(self._bars.tasks[0].elapsed or 0.0, seconds))
                if message is not None:
                    self._metrics.take(message)

        return listen

    def told(self, row: Row) -> None:
        """Says what a step came to."""
        self._metrics.idle(row.lost)
        said = (
            f"{what} {report.number(value)} s"
            for what, name in (
                ("partial p95", "partial_p95_s"),
                ("final p99", "final_p99_s"),
                ("frame p95", "frame_p95_s"),
            )
            if (value := row.measures.get(name)) is not None
        )
        self._bars.console.print(f"{row.rooms:>3} rooms: {', '.join(said)}, {row.verdict or 'kept'}")


@contextmanager
def _server(options: argparse.Namespace, models: list[str], console: Console) -> Iterator[Server]:
    """The server at `--url`, or one that is started."""
    if options.url is not None:
        yield Server(options.url, None, options.token_file or "", options.ca or "")
        return
    repository = report.PROJECT / "model_repository"
    with (
        console.status("starting Triton") as status,
        Triton(repository, models, drain_s=2.0, progress=status.update) as triton,
    ):
        status.stop()
        yield Server(triton.grpc, triton)


def _loopback(text: str) -> str:
    host, _, port = text.removeprefix("grpcs://").rpartition(":")
    if host.strip("[]") not in LOOPBACK or not port.isdecimal():
        raise argparse.ArgumentTypeError(
            f"{text}: expected a port on this machine, such as 127.0.0.1:8001; load is put on no other"
        )
    return text


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return str(Path(text).resolve())


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text}: expected a port, 0 to 65535")
    return int(text)

"""`python -m cluster`: a cluster on this machine, and what it does when its replicas fail."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from liveroom import LiveroomError
from rich.console import Console
from rich.table import Table

from cluster import fail
from cluster.chaos import Chaos, verdict
from cluster.demo import Demo
from cluster.errors import ClusterError
from cluster.fault_injection import FaultInjector, socket_of
from cluster.impact import Impact
from cluster.local import LocalCluster
from cluster.prometheus import query
from cluster.room_load import server
from perf.options import count, number_that, positive, whole
from tooling.exit_codes import INTERRUPTED
from tooling.terminal import told, write_any_text

BUILD = Path("build") / "cluster"
STATE = BUILD / "state.json"
_TICK_S = 0.5
_replicas = whole(1, 16)
_share = number_that(lambda value: 0 < value <= 1, "a share, more than 0 and at most 1")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = arguments.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start it, print how to reach it, run until Ctrl-C or SIGTERM")
    demo = commands.add_parser("demo", help="rooms, failures one after another, and what rooms saw of them")
    demo.add_argument("--stay", action="store_true", help="run on afterwards until Ctrl-C")
    chaos = commands.add_parser("chaos", help="failures of all kinds in random order, and what was lost")
    chaos.add_argument("--count", type=count, default=20, metavar="N", help="failures (%(default)s)")
    chaos.add_argument("--seed", type=int, default=1, help="of their order (%(default)s)")
    chaos.add_argument(
        "--max-minutes", type=positive, default=60.0, help="begin no round later (%(default)s)"
    )
    chaos.add_argument("--out", type=Path, default=BUILD / "chaos.json", help="where it goes (%(default)s)")
    status = commands.add_parser("status", help="replicas of the cluster that `up` runs, and their rooms")
    failing = commands.add_parser(
        "fail", help="make a failure last on the cluster that `up` runs: are there alerts?"
    )
    fail.add_to(failing)
    for command in (up, demo, chaos, status, failing):
        command.add_argument("--json", action="store_true", help="print JSON; progress goes to stderr")
    for command in (up, demo, chaos):
        add = command.add_argument
        add("--models", nargs="+", default=["captions"], metavar="MODEL", help="what is served (captions)")
        add("--replicas", type=_replicas, default=2, metavar="N", help="embedded Tritons (%(default)s)")
        add("--max-rooms", type=count, default=8, metavar="N", help="of a replica (%(default)s)")
        add(
            "--tenant-share",
            type=_share,
            default=0.5,
            metavar="SHARE",
            help="of them for one tenant (%(default)s)",
        )
        add("--folder", type=Path, help="for logs and keys, which are kept (default: only after an error)")
    return arguments


def main() -> int:
    """Runs the command; returns the exit code: 1 after an error or a run that was not good."""
    options = parser().parse_args()
    write_any_text(as_json=getattr(options, "json", False))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    _on_signals(_interrupt)
    try:
        if options.command == "status":
            return _status(as_json=options.json)
        if options.command == "fail":
            state = _up_already()
            return fail.run(state, socket_of(state), options, console)
        console.print(f"starting Envoy, Prometheus and {options.replicas} x {', '.join(options.models)}")
        with (
            console.status("starting") as spinner,
            LocalCluster(
                options.models,
                options.replicas,
                max_rooms=options.max_rooms,
                tenant_share=options.tenant_share,
                folder=options.folder,
                progress=spinner.update,
            ) as cluster,
        ):
            spinner.stop()
            try:
                return _COMMANDS[options.command](cluster, options, console)
            finally:
                _on_signals(signal.SIG_IGN)  # what is left to do takes moments
    except KeyboardInterrupt:
        console.print("stopped")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except (LiveroomError, RuntimeError, OSError) as error:
        print(f"error: {told(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 1


def _up(cluster: LocalCluster, options: argparse.Namespace, console: Console) -> int:
    state = _describe(cluster)
    print(json.dumps(state) if options.json else _words(state), flush=True)
    _stay(cluster, state, console)
    return 0


def _stay(cluster: LocalCluster, state: Mapping[str, object], console: Console) -> None:
    """Until a signal comes; says what had to be started again."""
    seen = {part.name: part.starts for part in cluster.tended}
    with FaultInjector(cluster, console.print) as injector:
        text = json.dumps({**state, "orders": str(injector.path)})
        BUILD.mkdir(parents=True, exist_ok=True)
        STATE.write_text(text, encoding="utf-8")
        try:
            while True:
                cluster.check()
                for part in cluster.tended:
                    if part.starts > seen[part.name]:
                        console.print(f"{part.name} {part.last_end} and is started again: see {part.log}")
                    seen[part.name] = part.starts
                time.sleep(_TICK_S)
        except KeyboardInterrupt:
            console.print("stopping")
        finally:
            with contextlib.suppress(FileNotFoundError):
                if STATE.read_text(encoding="utf-8") == text:  # and not that of one that came later
                    STATE.unlink()


def _demo(cluster: LocalCluster, options: argparse.Namespace, console: Console) -> int:
    tell: Callable[[str], None] = console.print if options.json else print
    demo = Demo(cluster, tell)
    demo.run()
    result = {"good": demo.good, "chapters": demo.chapters}
    state = _describe(cluster)
    if options.json:
        print(json.dumps(result | state if options.stay else result), flush=True)
    elif options.stay:
        print(_words(state), flush=True)
    if options.stay:
        _stay(cluster, state, console)
    return 0 if demo.good else 1


def _chaos(cluster: LocalCluster, options: argparse.Namespace, console: Console) -> int:
    console.print(f"{options.count} failures, rounds of a minute; Prometheus: {cluster.prometheus.url}")

    def told(impact: Impact) -> None:
        kinds = ", ".join(
            f"{fault.kind} ({gap} s)" for fault, gap in zip(impact.faults, impact.gaps_s, strict=True)
        )
        console.print(f"lost {impact.lost}, doubled {impact.doubled}, failed {len(impact.failed)}: {kinds}")

    result = Chaos(cluster, options.count, options.seed, options.max_minutes, options.out, told).run()
    print(json.dumps(result, indent=None if options.json else 1), flush=True)
    console.print(str(result["explained"]))
    if why := verdict(result):
        console.print(f"not good: {why}")
        return 1
    return 0


def _up_already() -> dict[str, Any]:
    """How to reach the cluster that is up.

    Raises:
        ClusterError: there is none.
    """
    state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8")) if STATE.is_file() else {}
    if not Path("/proc", str(state.get("pid"))).exists():
        raise ClusterError("no cluster is up: start one with `python -m cluster up`")
    return state


def _status(*, as_json: bool) -> int:
    """What Prometheus says of the cluster that is up."""
    state = _up_already()
    columns = {"ready": "liveroom_ready", "rooms": "liveroom_rooms_open", "slots": "liveroom_rooms_slots"}
    rows: dict[str, dict[str, float]] = {name: {} for name in state["replicas"]}
    for column, metric in columns.items():
        for sample in query(state["prometheus"], f"max by (pod) ({metric})"):
            rows.setdefault(sample.labels["pod"], {})[column] = sample.value
    if as_json:
        print(json.dumps({**state, "replicas": rows}))
        return 0
    table = Table("replica", *columns)
    for name, values in sorted(rows.items()):
        table.add_row(name, *(f"{values[column]:g}" if column in values else "" for column in columns))
    print(_words(state))
    Console().print(table)
    return 0


def _describe(cluster: LocalCluster) -> dict[str, object]:
    """How to reach a cluster."""
    access = server(cluster, "demo")
    return {
        "url": access.address,
        "token_file": access.token_file,
        "ca": access.ca,
        "prometheus": cluster.prometheus.url,
        "replicas": [replica.name for replica in cluster.replicas],
        "pid": os.getpid(),
    }


def _words(state: Mapping[str, object]) -> str:
    environment = {"LIVEROOM_URL": "url", "LIVEROOM_TOKEN_FILE": "token_file", "LIVEROOM_CA": "ca"}
    lines = [f"export {name}={state[key]}" for name, key in environment.items()]
    return "\n".join([*lines, f"# Prometheus: {state['prometheus']}"])


_COMMANDS = {"up": _up, "demo": _demo, "chaos": _chaos}


def _on_signals(do: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
    """SIGINT too, which a shell's background jobs ignore from the start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, do)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Once: another one would interrupt what ends the processes."""
    _on_signals(signal.SIG_IGN)
    raise KeyboardInterrupt

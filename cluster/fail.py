"""`python -m cluster fail`: rehearse an alert on the cluster that is up, and see whether it comes."""

import argparse
import contextlib
import json
import os
import re
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console

from cluster.errors import ClusterError
from cluster.failures import ALL, BLIND
from cluster.fault_injection import EVERYBODY, LONGEST_S, WHOLE_S
from cluster.prometheus import Alert, alerts

DUE_S = 30.0
"""An alert is judged to be missing so long after its own `for`: of scrapes, rates and evaluations."""
_LOOK_S, _TICK_S = 1.0, 0.25
_ANSWER_S = 20.0
_TIME = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,4})s)?")


def kind(text: str) -> str:
    """One of `failures.ALL`, also with hyphens."""
    name = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if name not in ALL:
        names = ", ".join(kind.replace(" ", "-") for kind in ALL)
        raise argparse.ArgumentTypeError(f"{text}: expected one of {names}")
    return name


def duration(text: str) -> float:
    """Seconds of "30s", "3m", "1m30s"."""
    found = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(digits or 0) for digits in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not 1 <= total <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text}: expected a time such as 30s, 3m or 1m30s, at most 1h")
    return float(total)


def spelled(seconds: float) -> str:
    """Minutes and seconds, such as "3m", "1m30s" or "45s"."""
    minutes, rest = divmod(round(seconds), 60)
    return (f"{minutes}m" if minutes else "") + (f"{rest}s" if rest or not minutes else "")


def add_to(command: argparse.ArgumentParser) -> None:
    """Its options, and what each kind is."""
    kinds = [
        f"  {name.replace(' ', '-'):16} {failure.about}: {', '.join(failure.alerts) or 'none for sure'}"
        for name, failure in ALL.items()
    ]
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.description = (
        "Makes a failure last on the cluster that `python -m cluster up` runs, says which alerts it should\n"
        "raise, and when Prometheus has them pending and firing. At the end, after Ctrl-C or SIGTERM, and\n"
        "also if this command is killed, the failure is undone. Exit code: 0; 1 when an alert that had the\n"
        "time did not fire, or not all is ready again; 130 when it was interrupted."
    )
    command.epilog = (
        "kinds, and the alerts that they raise:\n"
        + "\n".join(kinds)
        + f"\n\nOf all replicas (--replica {EVERYBODY}) those that end or hang raise {BLIND}, too."
    )
    command.add_argument("kind", type=kind, metavar="KIND", help="what happens: see below")
    command.add_argument(
        "--for",
        dest="seconds",
        type=duration,
        default=180.0,
        metavar="TIME",
        help="how long: 30s, 3m, 1m30s, at most 1h (3m)",
    )
    command.add_argument(
        "--replica", metavar="NAME", help=f"to whom, or {EVERYBODY} (the one with the most rooms)"
    )


@dataclass
class Seen:
    """What became of an alert; seconds since the failure began.

    Attributes:
        expected: the failure should raise it.
    """

    alert: str
    severity: str
    for_s: float
    runbook: str
    expected: bool
    pending_s: float | None = None
    firing_s: float | None = None
    summary: str = ""


@dataclass
class Watch:
    """Follows all alerts of a Prometheus.

    Attributes:
        told: of each that becomes pending or fires.
    """

    url: str
    expected: tuple[str, ...]
    told: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    seen: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        there = alerts(self.url)
        self._before = {alert.name for alert in there if alert.state != "inactive"}
        self._looked = 0.0
        for alert in there:
            known = alert.name, alert.severity, alert.for_s, alert.runbook
            self.seen[alert.name] = Seen(*known, expected=alert.name in self.expected)

    def look(self) -> None:
        """Asks once a second, however often it is called."""
        if time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        for alert in alerts(self.url):
            self._note(alert, round(self._looked - self.began, 1))

    def missing(self, lasted_s: float) -> list[str]:
        """Those expected that had the time, and did not fire."""
        due = [seen for seen in self.seen.values() if seen.expected and seen.for_s + DUE_S <= lasted_s]
        return [seen.alert for seen in due if seen.firing_s is None]

    def _note(self, alert: Alert, now_s: float) -> None:
        seen = self.seen[alert.name]
        where = f"{alert.name} ({alert.severity})" + (
            "" if alert.name not in self._before else ", as before,"
        )
        if alert.state != "inactive" and seen.pending_s is None:
            seen.pending_s = now_s
            self.told(f"{spelled(now_s)}: {where} is pending, for {spelled(alert.for_s)}")
        if alert.state == "firing" and seen.firing_s is None:
            seen.firing_s, seen.summary = now_s, alert.summary
            self.told(f"{spelled(now_s)}: {where} fires: {alert.summary}: see {alert.runbook}")


def run(state: dict[str, Any], orders: Path, options: argparse.Namespace, console: Console) -> int:
    """Orders the failure and follows it; returns the exit code."""
    tell: Callable[[str], None] = console.print if options.json else print
    failure, name = ALL[options.kind], options.kind
    expected = failure.alerts
    if failure.blinding and (options.replica == EVERYBODY or len(state["replicas"]) == 1):
        expected = (*expected, BLIND)
    watch = Watch(state["prometheus"], expected, tell)
    order = {"kind": name, "seconds": options.seconds, "replica": options.replica}
    interrupted, lasted_s = False, None
    with _Order(orders, order) as placed:
        victims = ", ".join(placed.hear(_ANSWER_S)["victims"])
        watch.began = time.monotonic()
        tell(f"{victims}: {name} for {spelled(options.seconds)} ({failure.about}); Ctrl-C ends it before")
        for seen in (watch.seen[alert] for alert in expected if alert in watch.seen):
            short = "" if seen.for_s + DUE_S <= options.seconds else ", which may be too late to see here"
            should = f"should raise {seen.alert} ({seen.severity}) after {spelled(seen.for_s)}{short}"
            tell(f"{should}: see {seen.runbook}")
        if not expected:
            tell("no alert is sure to come of it")
        with console.status("") as spinner:
            try:
                while not placed.answers(_TICK_S):
                    watch.look()
                    passed_s = time.monotonic() - watch.began
                    spinner.update(f"{victims}: {name}, {spelled(passed_s)} of {spelled(options.seconds)}")
            except KeyboardInterrupt:
                interrupted = True
                placed.withdraw()
            spinner.update("undoing it")
            lasted_s = float(placed.hear(_ANSWER_S)["lasted_s"])
            spinner.update("waiting until all is ready")
            end = placed.hear(WHOLE_S + _ANSWER_S)
    missing = [] if interrupted else watch.missing(lasted_s)
    tell(
        f"undone after {spelled(lasted_s)}, and all is ready again"
        if end["whole"]
        else f"undone, but {end['why']}"
    )
    if missing:
        tell(f"not good: {', '.join(missing)} should have fired and did not")
    if options.json:
        result = {
            "kind": name,
            "victims": victims.split(", "),
            "for_s": options.seconds,
            "lasted_s": lasted_s,
        }
        shown = [asdict(seen) for seen in watch.seen.values() if seen.expected or seen.pending_s is not None]
        outcome = {"alerts": shown, "missing": missing, "whole": end["whole"], "interrupted": interrupted}
        print(json.dumps(result | outcome), flush=True)
    return 130 if interrupted else int(bool(missing) or not end["whole"])


class _Order:
    """The connection over which a failure is ordered; leaving it ends the failure."""

    def __init__(self, path: Path, order: dict[str, object]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path, self._order = path, order
        self._pids: list[int] = []

    def __enter__(self) -> Self:
        try:
            self._socket.connect(str(self._path))
            self._socket.sendall(json.dumps(self._order).encode() + b"\n")
        except OSError as error:
            self._socket.close()
            raise ClusterError(f"the cluster that is up takes no orders at {self._path}: {error}") from error
        self._answers = self._socket.makefile("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answers.close()
        self._socket.close()

    def answers(self, patience_s: float) -> bool:
        """Whether there is an answer, or none will come any more; waits for it."""
        return bool(select.select([self._socket], [], [], patience_s)[0])

    def withdraw(self) -> None:
        """The failure is to end now."""
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self, patience_s: float) -> dict[str, Any]:
        """The next answer.

        Raises:
            ClusterError: it is an error, or none comes.
        """
        self._socket.settimeout(patience_s)
        try:
            line = self._answers.readline()
        except OSError as error:
            raise ClusterError(f"the cluster does not answer within {patience_s:.0f} s") from error
        if not line:
            for pid in self._pids:
                with contextlib.suppress(ProcessLookupError):  # it was not stopped, and has ended
                    os.killpg(pid, signal.SIGCONT)
            raise ClusterError("the cluster has ended meanwhile")
        answer: dict[str, Any] = json.loads(line)
        self._pids = answer.get("pids", self._pids)
        if "error" in answer:
            raise ClusterError(str(answer["error"]))
        return answer

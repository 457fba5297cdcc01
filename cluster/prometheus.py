"""A real Prometheus for a local cluster, with the rules that Kubernetes gets."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from cluster.errors import ClusterError
from cluster.machine import LOOPBACK, PROJECT, replace_text
from server import process
from server.launch import pick_port
from server.loopback import opened
from tooling.locks import locked
from tooling.sources import default_cache

PROMETHEUS_RULE = PROJECT / "k8s" / "base" / "monitoring" / "prometheusrule.yaml"
SCRAPE = "1s"
"""In Kubernetes it is 5 s; here a run is short."""
RETENTION, RETENTION_SIZE = "6h", "1GB"
_START_S, _STOP_S, _QUERY_S, _DOWNLOAD_S = 20.0, 5.0, 5.0, 120.0
_PACKAGE = "prometheus"


@dataclass(frozen=True)
class Target:
    """What is scraped.

    Attributes:
        labels: of all of its samples besides `job`.
    """

    job: str
    address: str
    path: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Alert:
    """One that the rules may raise.

    Attributes:
        state: "inactive", "pending" or "firing".
        for_s: how long it pends first.
        summary: of the first that is raised, "" while none is.
    """

    name: str
    severity: str
    state: str
    for_s: float
    runbook: str
    summary: str


def binary(name: str) -> Path:
    """`prometheus` or `promtool`: from PATH, or out of Debian's package, which is downloaded once.

    Nothing is installed: the package's daemon would start.

    Raises:
        ClusterError: it can't be had; with what to do instead.
    """
    if found := shutil.which(name):
        return Path(found)
    root = default_cache()
    folder = root / "prometheus"
    with locked(root / "locks" / "prometheus.lock"):
        if not (folder / "usr/bin" / name).is_file():
            _download(folder)
    return folder / "usr/bin" / name


def _download(folder: Path) -> None:
    """Unpacks the package below `folder`."""
    apt_get, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
    if not (apt_get and dpkg):
        raise ClusterError(
            "there is no prometheus on PATH and no apt-get to fetch Debian's package:"
            " put the binaries of https://prometheus.io/download on PATH"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="prometheus-") as scratch:
        fresh = Path(scratch) / "files"
        try:
            _run([apt_get, "download", "-q", _PACKAGE], scratch)
            _run([dpkg, "-x", *(file.name for file in Path(scratch).glob("*.deb")), fresh.name], scratch)
        except subprocess.SubprocessError as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
            why = (said or str(error)).strip().splitlines()[-1]
            raise ClusterError(
                f"Debian's package {_PACKAGE} can't be fetched ({why}): run apt-get update as root,"
                " or put the binaries of https://prometheus.io/download on PATH"
            ) from error
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def _run(command: Sequence[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=_DOWNLOAD_S)


def query(url: str, expression: str) -> list[Sample]:
    """The instant vector (or scalar) that an expression has now in the Prometheus at `url`.

    Raises:
        ClusterError: it refuses the expression, or does not answer.
    """
    data = _ask(url, "query", query=expression)
    if data["resultType"] == "scalar":
        return [Sample({}, float(data["result"][1]))]
    return [Sample(sample["metric"], float(sample["value"][1])) for sample in data["result"]]


def alerts(url: str) -> list[Alert]:
    """All that the rules of the Prometheus at `url` may raise.

    Raises:
        ClusterError: none answers.
    """
    groups = _ask(url, "rules", type="alert")["groups"]
    return [
        Alert(
            rule["name"],
            rule["labels"].get("severity", ""),
            rule["state"],
            float(rule["duration"]),
            rule["annotations"].get("runbook_url", ""),
            next((alert["annotations"].get("summary", "") for alert in rule["alerts"]), ""),
        )
        for group in groups
        for rule in group["rules"]
    ]


def _ask(url: str, what: str, **parameters: str) -> Any:
    """What its API says, of a shape that depends on the question."""
    question = urllib.parse.urlencode(parameters)
    try:
        with opened(f"{url}/api/v1/{what}?{question}", _QUERY_S) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        refused = ", ".join(parameters.values())
        raise ClusterError(f"Prometheus refuses {refused!r}: {json.load(error)['error']}") from error
    except OSError as error:
        raise ClusterError(f"Prometheus at {url} does not answer: {error}") from error


class Prometheus:
    """Scrapes what `watch` names, once a second, and evaluates the shipped rules.

    Args:
        folder: for its configuration and data.
    """

    def __init__(self, folder: Path, rules: Path = PROMETHEUS_RULE) -> None:
        self._folder = folder
        self._binary = binary("prometheus")
        self._rules = rules
        self._port = pick_port(0, LOOPBACK, "Prometheus")
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.watch([])

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """Of its pages and its API."""
        return f"http://{LOOPBACK}:{self._port}"

    def watch(self, targets: Sequence[Target]) -> None:
        """Scrapes these from now on, and nothing else."""
        groups = [
            {
                "targets": [target.address],
                "labels": {"job": target.job, "__metrics_path__": target.path, **target.labels},
            }
            for target in targets
        ]
        replace_text(self._folder / "targets.json", json.dumps(groups))

    def query(self, expression: str) -> list[Sample]:
        """See `query`."""
        return query(self.url, expression)

    def __enter__(self) -> Self:
        rules = self._folder / "rules.yaml"
        rules.write_text(yaml.safe_dump(yaml.safe_load(self._rules.read_text(encoding="utf-8"))["spec"]))
        config = {
            "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE},
            "rule_files": [str(rules)],
            "scrape_configs": [
                {
                    "job_name": "cluster",
                    "file_sd_configs": [
                        {"files": [str(self._folder / "targets.json")], "refresh_interval": SCRAPE}
                    ],
                }
            ],
        }
        (self._folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        command = [str(self._binary), f"--config.file={self._folder / 'prometheus.yaml'}"]
        command += [
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--storage.tsdb.retention.size={RETENTION_SIZE}",
        ]
        command += [f"--web.listen-address={LOOPBACK}:{self._port}", "--log.level=warn"]
        log = self._folder / "prometheus.log"
        with log.open("wb") as output:
            self._process = process.spawn(command, os.environ, output)
        try:
            self._await_ready(log)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _await_ready(self, log: Path) -> None:
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines() or ["no reason given"]
                raise ClusterError(f"Prometheus did not start: {said[-1]}: see {log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            opened(f"{self.url}/-/ready", 1).close()
        except OSError:
            return False
        return True

    def _stop(self) -> None:
        if self._process is None:
            return
        process.stop(self._process, _STOP_S)
        self._process = None

"""A replica of the local cluster: what a pod is to Kubernetes, a folder and a `python -m server` here.

`Replica.tend` does what a kubelet does: it starts what should run, ends what is not alive, and starts again
what has ended, later each time.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from cluster.errors import ClusterError
from cluster.machine import LOOPBACK, PROJECT, lasting_port
from server import process
from server.loopback import opened

BACK_OFF_S = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Before each start after an end that nobody asked for. A kubelet's are 0, 10, 20, 40 ... 300 s."""
FORGIVEN_S = 60.0
"""Who has run so long begins with the first of them again; a kubelet's 10 minutes."""
HOPELESS = 3
"""Starts in a row that never became ready; a kubelet would go on for ever."""
PROBE_S, PROBE_TIMEOUT_S, PROBES = 2.0, 1.0, 3
"""Every so often /live is asked; after so many failures the replica is ended. In a pod it is 10, 1 and 3."""
RECOVERY_S = 20.0
"""What was stopped by a rehearsal is not probed for so long: its canary forgives nothing at once."""
DRAIN_S = 5.0
"""Rooms move within 2 s; Triton would wait for ever for their sequences, which nobody ends any more."""


class Replica:
    """One embedded Triton with its canary, on ports that it keeps when it is started again.

    Everything here may be called from any thread; only `tend`, whose thread the processes die with, starts
    any.

    Args:
        name: also the `pod` label of its metrics.
        folder: for logs and all that it writes.
        environment: on top of ours.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        models: Sequence[str],
        *,
        repository: Path,
        admin_key_file: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.grpc_port, self.metrics_port, self.ready_port = (
            lasting_port(purpose) for purpose in ("gRPC", "metrics", "ready")
        )
        self.log = folder / f"{name}.log"
        self.wanted = True
        self.starts = 0
        """How often it has been started."""
        self.last_end = ""
        """Why it had to be started again, for people."""
        self.held = False
        """Meanwhile it is neither ended nor started again: somebody rehearses a failure. See `release`."""
        self._scratch = folder / name
        self._environment = {**os.environ, **environment, "TMPDIR": str(self._scratch)}
        self._command = [sys.executable, "-m", "server", "--json", "--repository", str(repository)]
        self._command += ["--models", *models, "--grpc-port", str(self.grpc_port)]
        self._command += ["--metrics-port", str(self.metrics_port), "--ready-port", str(self.ready_port)]
        self._command += ["--admin-key-file", str(admin_key_file), "--drain", str(DRAIN_S)]
        self._command += ["--log-file", str(folder / f"{name}-triton.log")]
        self._launcher: subprocess.Popen[bytes] | None = None
        self._server: psutil.Process | None = None
        self._planned = False
        self._began = self._not_before = self._probed = 0.0
        self._ends = self._fruitless = self._failed_probes = 0
        self._was_ready = self._hung = False

    @property
    def running(self) -> bool:
        """Whether its launcher is there, ready or not."""
        return self._launcher is not None and self._launcher.poll() is None

    @property
    def pid(self) -> int:
        """Process id of tritonserver.

        Raises:
            ClusterError: while there is none.
        """
        return self._triton().pid

    @property
    def launcher_pid(self) -> int:
        """Process id of `python -m server`.

        Raises:
            ClusterError: while there is none.
        """
        if self._launcher is None:
            raise ClusterError(f"{self.name} is not running")
        return self._launcher.pid

    def stubs(self) -> dict[str, psutil.Process]:
        """Its Python stubs by the name of their model instance, such as "whisper_encoder_0_1"."""
        found = {}
        for child in self._triton().children():
            with contextlib.suppress(psutil.Error):
                if len(arguments := child.cmdline()) > 2:
                    found[arguments[-2]] = child
        return found

    def ready(self) -> str:
        """What /ready says: "" when it is ready, else why not."""
        said = self._ask("ready")
        self._was_ready = self._was_ready or not said
        return said

    def kill(self) -> None:
        """SIGKILL to every process at once, as when a node is lost."""
        for group in self.groups():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def stop_signal(self, *, canary: bool = False) -> None:
        """SIGSTOP to Triton and its stubs, and to the launcher with the canary in it too if wanted."""
        self._signal(signal.SIGSTOP, launcher=canary)

    def cont_signal(self) -> None:
        """SIGCONT to every process."""
        self._signal(signal.SIGCONT, launcher=True)

    def drain(self) -> None:
        """SIGTERM, as when a pod is deleted; it is started again without delay unless it is not `wanted`."""
        self._planned = True
        if self.running:
            os.kill(self.launcher_pid, signal.SIGTERM)

    def release(self) -> None:
        """It is `held` no more: what has ended is started again, what was stopped gets time to recover."""
        self._planned, self._failed_probes = not self.running, 0
        self._probed = time.monotonic() + RECOVERY_S
        self.held = False

    def tend(self) -> None:
        """One look at it; called several times a second by the one thread that starts processes.

        Raises:
            ClusterError: it can't be started.
        """
        now = time.monotonic()
        if self._launcher is None:
            if self.wanted and not self.held and now >= self._not_before:
                self._start()
        elif self._launcher.poll() is not None:
            self._planned = self._planned or self.held
            self._bury()
        elif self._server is None:
            with contextlib.suppress(ClusterError, psutil.Error):
                self._triton()
        elif self.wanted and not self.held and not self._planned and now - self._probed > PROBE_S:
            self._probed = now
            started = self._was_ready or not self.ready()
            self._failed_probes = self._failed_probes + 1 if started and self._ask("live") else 0
            if self._failed_probes >= PROBES:
                self._hung = True
                self.kill()

    def end(self) -> None:
        """Ends it at once, with everything it left behind."""
        self.wanted = False
        self.kill()
        if self._launcher is not None:
            self._launcher.wait()
            self._bury()

    def _start(self) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        self._began = self._probed = time.monotonic()
        self._planned = self._was_ready = self._hung = False
        self._failed_probes = 0
        with self.log.open("ab") as log:
            self._launcher = process.spawn(self._command, self._environment, log, folder=PROJECT)

    def _bury(self) -> None:
        """Ends what the launcher left, as the end of a container does, and says when to start again."""
        assert self._launcher is not None  # noqa: S101 who has none has ended nothing
        self.kill()
        for folder in self._scratch.glob("liveroom-triton-*"):
            process.remove_folder(folder)
        shutil.rmtree(self._scratch, ignore_errors=True)
        lasted_s = time.monotonic() - self._began
        self.last_end = "did not answer and was ended" if self._hung else "ended"
        self._fruitless = 0 if self._was_ready or self._planned else self._fruitless + 1
        self._ends = 0 if self._planned or lasted_s > FORGIVEN_S else self._ends + 1
        self._not_before = time.monotonic() + BACK_OFF_S[min(max(self._ends - 1, 0), len(BACK_OFF_S) - 1)]
        self._launcher = self._server = None
        if self.wanted and self._fruitless >= HOPELESS:
            said = self.log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise ClusterError(
                f"{self.name} ended {HOPELESS} times before it was ready: {said[-1]}: see {self.log}"
            )

    def _triton(self) -> psutil.Process:
        """Its tritonserver, or what was it."""
        if self._server is None:
            children = psutil.Process(self.launcher_pid).children()
            self._server = next((child for child in children if child.name() == "tritonserver"), None)
        if self._server is None:
            raise ClusterError(f"{self.name} has no tritonserver yet")
        return self._server

    def groups(self) -> list[int]:
        """The process groups it has: Triton's, which its stubs are in, and the launcher's."""
        groups = [] if self._launcher is None else [self._launcher.pid]
        with contextlib.suppress(ClusterError, psutil.Error):
            groups.insert(0, self._triton().pid)
        return groups

    def _signal(self, number: signal.Signals, *, launcher: bool) -> None:
        for group in self.groups() if launcher else [self.pid]:
            os.killpg(group, number)

    def _ask(self, question: str) -> str:
        url = f"http://{LOOPBACK}:{self.ready_port}/{question}"
        try:
            opened(url, PROBE_TIMEOUT_S).close()
        except urllib.error.HTTPError as error:
            return error.read().decode().strip()
        except OSError as error:
            return f"does not answer: {error}"
        return ""

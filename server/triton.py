"""`Triton`: the embedded server as an object that starts, answers, mends itself and leaves nothing behind."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from server import launch, process, store
from server.errors import ServerError, last_error, of_system, open_log
from server.health_monitor import HealthMonitor
from server.loader import Loader
from server.model_packages import BACKENDS
from server.readiness import Readiness
from server.repository import Model, Repository, check_files, compile_modules
from server.store import EmbeddedStore
from server.stub_supervisor import StubSupervisor

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Triton:
    """tritonserver with the models asked for, ready once each of them has answered a real inference.

    Entering, or `start()`, raises ServerError with one sentence when something is wrong. Call it in a thread
    that lives as long as the server should: Linux ends the server with that thread.

    Args:
        repository: folder of models.
        models: names to serve, with all they require; None for `Repository.default`.
        grpc_port: of 127.0.0.1, or of `bind`; 0 picks a free one.
        metrics_port: of Prometheus' metrics; 0 picks a free one.
        http_port: None leaves HTTP off.
        ready_port: where /ready and /live say how it is (see `Readiness`) from the start on; None: nowhere.
        admin_key: whoever does not send it may infer and ask how the server is, and nothing else.
        config_name: takes `configs/<config_name>.pbtxt` of models that have it.
        log_file: Triton's own log; None keeps it in a temporary file that only a failure leaves behind.
        bind: anything but loopback needs `unsafe_bind`.
        unsafe_bind: release 24.10 lacks the security fixes of 2025-26.
        state: folder that keeps what the store of this server holds; None: it ends with the server. Read only
            where a model needs a store and LIVEROOM_STORE names none.
        start_timeout_s: for loading and first answers together.
        drain_s: what requests in flight get at the end.
        progress: is told, in a few words, what is going on.
    """

    def __init__(
        self,
        repository: Path | str = "model_repository",
        models: Sequence[str] | None = None,
        *,
        grpc_port: int = 0,
        metrics_port: int = 0,
        http_port: int | None = None,
        ready_port: int | None = None,
        admin_key: str | None = None,
        config_name: str | None = None,
        log_file: Path | str | None = None,
        bind: str = "127.0.0.1",
        unsafe_bind: bool = False,
        state: Path | None = None,
        start_timeout_s: float = 300.0,
        drain_s: float = 30.0,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        if bind not in LOOPBACK and not unsafe_bind:
            raise ServerError(
                f"refusing to bind to {bind}: this Triton (24.10) lacks the security fixes of 2025-26,"
                " so use 127.0.0.1 or accept the risk with --unsafe-bind"
            )
        self._repository = Repository(Path(repository).resolve(), config_name)
        self._wanted = models
        self._ports: dict[str, int | None] = {"gRPC": grpc_port, "metrics": metrics_port, "HTTP": http_port}
        self._bind = bind
        self._ready_port = ready_port
        self._readiness: Readiness | None = None
        self._admin_key = admin_key
        self._state = state
        self._start_timeout_s = start_timeout_s
        self._drain_s = drain_s
        self._progress = progress or (lambda message: None)
        self._folder = process.fresh_folder("triton")
        self.log = Path(log_file) if log_file else self._folder.with_suffix(".log")
        self._log_is_temporary = log_file is None
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: StubSupervisor | None = None
        self._store: EmbeddedStore | None = None
        self._failure: ServerError | None = None
        self._stopping = False
        self.models: dict[str, Model] = {}

    @property
    def grpc(self) -> str:
        """gRPC address, "127.0.0.1:PORT"."""
        return self._address("gRPC")

    @property
    def metrics(self) -> str:
        """URL of the Prometheus metrics."""
        return f"http://{self._address('metrics')}/metrics"

    @property
    def http(self) -> str | None:
        """HTTP address, or None while HTTP is off."""
        return None if self._ports["HTTP"] is None else self._address("HTTP")

    @property
    def ready(self) -> str | None:
        """URL of the readiness check, or None without one."""
        return None if self._readiness is None else f"http://{self._host}:{self._readiness.port}/ready"

    @property
    def pid(self) -> int:
        """Process id of tritonserver."""
        if self._process is None:
            raise ServerError("the server is not running: call start() or use it in a with statement")
        return self._process.pid

    def start(self) -> Self:
        """Starts the server and returns when every model has answered, or raises ServerError."""
        deadline = time.monotonic() + self._start_timeout_s
        try:
            if self._ready_port is not None:
                self._readiness = Readiness(self._ready_port, self._bind)
            wanted = self._repository.default() if self._wanted is None else self._wanted
            self.models = self._repository.resolve(wanted)
            check_files(self.models)
            niceness = {model.name: model.niceness for model in self.models.values()}
            compile_modules(self.models)
            self._open_store()
            self._launch(deadline)
            loader = Loader(self.grpc, self.models, self.log, launch.admin_headers(self._admin_key))
            loader.load_all(deadline, self._progress)
            self._supervisor = supervisor = StubSupervisor(
                self.pid, loader, niceness, self._fail, self._progress
            )
            supervisor.start()
            if self._readiness is not None:
                monitor = HealthMonitor(
                    self.grpc,
                    self.models,
                    self.metrics,
                    lambda: supervisor.trouble,
                    lambda: supervisor.out_of_service,
                )
                self._readiness.follow(monitor)
        except ServerError as error:
            self._failure = ServerError(self._plain(str(error)))
            self.stop(at_once=True)
            raise self._failure from error.__cause__
        except OSError as error:
            self._failure = of_system(error)
            self.stop(at_once=True)
            raise self._failure from error
        except BaseException:
            self.stop(at_once=True)
            raise
        return self

    def wait(self) -> None:
        """Blocks until the server has ended; raises ServerError if that was not `stop()`'s doing."""
        while self._process is not None and self._failure is None:
            code = self._process.poll()
            if code is not None and not self._stopping:
                self._failure = ServerError(f"tritonserver ended by itself with {code}: see {self.log}")
            time.sleep(0.1)
        if self._failure is not None:
            raise self._failure

    def stop(self, *, at_once: bool = False) -> None:
        """Drains the server for up to `drain_s`, unless `at_once`, and ends it with all its stubs."""
        self._stopping = True
        if self._readiness is not None:
            self._readiness.end()
        if self._supervisor is not None:
            self._supervisor.stop()
        if self._process is not None:
            process.end(self._process, 0.0 if at_once else self._drain_s, self.log)
            self._process = None
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._readiness is not None:
            self._readiness.close()
        process.remove_folder(self._folder)
        if self._log_is_temporary and self._failure is None:
            self.log.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _open_store(self) -> None:
        if any(model.uses_store for model in self.models.values()) and not os.environ.get(store.VARIABLE):
            self._progress("starting the store")
            try:
                self._store = store.EmbeddedStore(self._folder, self._state, self._progress)
            except store.NoProgramError as error:
                self._progress(f"{error}; until then what needs it answers that it is gone")
            else:
                self._store.begin()

    def _launch(self, deadline: float) -> None:
        self._progress("starting tritonserver")
        self._ports = launch.pick_ports(self._ports, self._bind)
        repository = self._folder / "repository"  # without the spaces that the stub's command line can't take
        repository.symlink_to(self._repository.path, target_is_directory=True)
        command = launch.command(
            repository=repository,
            backends=launch.assemble_backends(self._folder / "backends"),
            bind=self._bind,
            ports=self._ports,
            config_name=self._repository.config_name,
            auto_complete=not all(model.is_complete for model in self.models.values()),
            drain_s=self._drain_s,
            shm_prefix=self._folder.name,
            admin_key=self._admin_key,
        )
        environment = launch.environment(launch.share_cores(self._folder))
        if not environment.get(store.VARIABLE):
            environment[store.VARIABLE] = store.address(self._folder)
        with open_log(self.log) as log:
            self._process = process.spawn(command, environment, log)
        while not _listens(self._bind, self._ports["gRPC"]):
            if self._process.poll() is not None:
                raise ServerError(f"tritonserver did not start: {last_error(self.log)}: see {self.log}")
            if time.monotonic() > deadline:
                raise ServerError(f"tritonserver did not open its gRPC port in time: see {self.log}")
            time.sleep(0.02)

    def _fail(self, error: ServerError) -> None:
        self._failure = ServerError(f"{self._plain(str(error))}: see {self.log}")
        if self._process is not None:
            self._process.kill()

    @property
    def _host(self) -> str:
        return f"[{self._bind}]" if ":" in self._bind else self._bind

    def _address(self, name: str) -> str:
        return f"{self._host}:{self._ports[name]}"

    def _plain(self, message: str) -> str:
        """`message` with the paths the user knows."""
        known = {
            self._folder / "repository": self._repository.path,
            self._folder / "backends": BACKENDS,
        }
        for ours, theirs in known.items():
            message = message.replace(str(ours), str(theirs))
        return message


def _listens(bind: str, port: int | None) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 asked for with unsafe_bind
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        return probe.connect_ex((host, port)) == 0

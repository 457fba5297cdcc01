"""What tritonserver is started with: its binary, backend directory, environment, ports and options."""

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from server.errors import ServerError, unusable_port
from server.library_patch import LIBRARY, let_odd_batches_through
from server.model_packages import BACKENDS, SHARED

SHM_BYTES = 8 * 2**20  # a stub's region: Whisper's states of 30 s (3 MB) and the PCM (2 MB) without growing
KEEPALIVE_MS = 30_000  # a client that is silently gone is noticed, and its sequences freed
CLIENT_PING_MS = 10_000  # clients may ping this often
FORWARDED = "(x-tenant|x-tenant-class|x-room-id)"  # headers that models see, as parameters of the request
RESTRICTED = "model-repository,model-config,shared-memory,statistics,trace,logging"
RESTRICTED_KEY = "liveroom-admin"
_KEY = re.compile(r"[\w-]{16,256}", re.ASCII)
_NOT_EXECUTABLE = 127  # the loader's exit code for a missing library


def wheel() -> Path:
    """Where the nvidia-pytriton wheel keeps the server: bin/, backends/ and python_backend_stubs/."""
    spec = find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise ServerError("nvidia-pytriton is not installed: run pip install -e '.[server]'")
    return Path(spec.origin).parent / "tritonserver"


def assemble_backends(folder: Path) -> Path:
    """Makes `folder` a backend directory: the wheel's `python`, with the stub of this Python, and ours.

    Beside the wheel's own modules, which are on every stub's path, goes what our models share.

    The shared library is copied, as Triton refuses one whose real path is outside the backend directory, and
    changed where `library_patch` says.
    """
    stub = _stub()
    python = folder / "python"
    python.mkdir(parents=True)
    for file in (wheel() / "backends" / "python").glob("*.*"):
        shutil.copy2(file, python)
    let_odd_batches_through(python / LIBRARY)
    (python / stub.name).symlink_to(stub)
    for package in SHARED.glob("*/__init__.py"):
        (python / package.parent.name).symlink_to(package.parent.resolve(), target_is_directory=True)
    for ours in BACKENDS.iterdir():
        if (ours / "model.py").exists():
            (folder / ours.name).symlink_to(ours.resolve(), target_is_directory=True)
    return folder


def _stub() -> Path:
    """The wheel's stub for this Python; Triton would wait for ever for one that can't be executed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = wheel() / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        raise ServerError(f"nvidia-pytriton has no stub for Python {version}: use Python 3.11 or 3.12")
    if not os.access(stub, os.R_OK | os.X_OK):
        raise ServerError(
            f"{stub} can't be run by user {os.getuid()}: its owner has to run chmod a+rx {stub}"
        )
    code = subprocess.run([stub], env=environment(), capture_output=True, check=False).returncode
    if code == _NOT_EXECUTABLE:
        library = sysconfig.get_config_var("INSTSONAME")
        raise ServerError(f"Triton's stub finds no {library}: install libpython{version} (or Python with it)")
    return stub


def read_admin_key(file: Path) -> str:
    """The key in `file`, without white space around it.

    Raises:
        ServerError: it is none, or no secret.
    """
    try:
        key, mode = file.read_text(encoding="utf-8").strip(), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ServerError(f"the admin key in {file} can't be read: {error}") from error
    if mode & 0o077:
        raise ServerError(f"{file} can be read by others (mode {mode & 0o777:o}): run chmod 600 {file}")
    if not _KEY.fullmatch(key):
        raise ServerError(
            f"{file} holds no admin key: expected 16 to 256 characters of A-Z, a-z, 0-9, - or _"
        )
    return key


def admin_headers(admin_key: str | None) -> dict[str, str]:
    """What a request of the restricted protocols carries, see `command`."""
    return {f"triton-grpc-protocol-{RESTRICTED_KEY}": admin_key} if admin_key else {}


def share_cores(folder: Path) -> Path:
    """The file by which the server's processes see who is at work: see serving_common.core_lease.

    It is written into `folder`, unless LIVEROOM_CORES names one that several servers of this machine share.
    """
    if shared := os.environ.get("LIVEROOM_CORES"):
        if not Path(shared).is_file():
            raise ServerError(f"LIVEROOM_CORES is {shared}: expected a file with a byte for each core")
        return Path(shared)
    file = folder / "cores"
    file.write_bytes(bytes(len(os.sched_getaffinity(0))))
    return file


def environment(cores: Path | None = None) -> dict[str, str]:
    """The server's environment. Stubs ignore PYTHONPATH and live in that of the first `python3` on PATH.

    They need the shared library of this very Python, wherever it is installed. One thread per numeric
    library: many small models share few cores. `cores`: see `share_cores`. ONNX Runtime would tell Microsoft
    what it runs, and on which machine.
    """
    binaries = Path(sys.executable).parent
    if not (binaries / "python3").exists():
        raise ServerError(
            f"{binaries} has no python3, which Triton's stubs look for: use a virtual environment"
        )
    single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    ours = dict.fromkeys((*single, "ORT_DISABLE_TELEMETRY"), "1")
    libraries = [sysconfig.get_config_var("LIBDIR"), os.environ.get("LD_LIBRARY_PATH")]
    ours |= {"LIVEROOM_CORES": str(cores)} if cores else {}
    ours["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, libraries))
    return {**os.environ, **ours, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def command(
    *,
    repository: Path,
    backends: Path,
    bind: str,
    ports: Mapping[str, int | None],
    config_name: str | None,
    auto_complete: bool,
    drain_s: float,
    shm_prefix: str,
    admin_key: str | None = None,
) -> list[str]:
    """tritonserver's command line; models come later, over the repository API, which has better errors.

    Args:
        repository: folder of models.
        backends: folder of backends.
        bind: address that it listens on.
        ports: of "gRPC", "metrics" and "HTTP", the last None to leave it off.
        config_name: takes `configs/<config_name>.pbtxt` of models that have it.
        auto_complete: whether backends fill in what configurations leave out.
        drain_s: what requests in flight get at the end.
        shm_prefix: what the shared memory of its stubs begins with.
        admin_key: whoever does not send it may infer and ask how the server is, and nothing else. Triton
            takes it as an argument only, which others on this machine can read.
    """
    options: dict[str, str | int | None] = {
        "model-repository": str(repository),
        "backend-directory": str(backends),
        "model-control-mode": "explicit",
        "grpc-address": bind,
        "grpc-port": ports["gRPC"],
        "grpc-infer-allocation-pool-size": 64,
        "grpc-keepalive-time": KEEPALIVE_MS,
        "grpc-http2-min-recv-ping-interval-without-data": CLIENT_PING_MS,
        "grpc-http2-max-pings-without-data": 0,
        "grpc-http2-max-ping-strikes": 0,  # the gateway pings every 2 s: so it notices a server that hangs
        "grpc-header-forward-pattern": FORWARDED,
        "metrics-address": bind,
        "metrics-port": ports["metrics"],
        "allow-http": "false" if ports["HTTP"] is None else "true",
        "exit-timeout-secs": round(drain_s),
    }
    if ports["HTTP"] is not None:
        options |= {"http-address": bind, "http-port": ports["HTTP"]}
    if config_name:
        options["model-config-name"] = config_name
    if admin_key:
        options["grpc-restricted-protocol"] = f"{RESTRICTED}:{RESTRICTED_KEY}={admin_key}"
    arguments = [f"--{name}={value}" for name, value in options.items()]
    if not auto_complete:
        arguments.append("--disable-auto-complete-config")
    python = {
        "shm-region-prefix-name": shm_prefix,
        "shm-default-byte-size": SHM_BYTES,
        "shm-growth-byte-size": SHM_BYTES,
    }
    arguments += [f"--backend-config=python,{key}={value}" for key, value in python.items()]
    return [str(wheel() / "bin" / "tritonserver"), *arguments]


def pick_ports(wanted: Mapping[str, int | None], bind: str) -> dict[str, int | None]:
    """A port for each purpose, all different, see `pick_port`; None stays None.

    Raises:
        ServerError: something else listens on one, or two are to be the same.
    """
    found: dict[str, int | None] = dict.fromkeys(wanted)
    for purpose, port in sorted(wanted.items(), key=lambda each: each[1] == 0):
        while port is not None and found[purpose] is None:
            picked = pick_port(port, bind, purpose)
            other = next((name for name, taken in found.items() if taken == picked), None)
            if other is None:
                found[purpose] = picked
            elif port:
                raise unusable_port(purpose, port, bind, OSError(f"it is the {other} port too"))
    return found


def pick_port(wanted: int, bind: str, purpose: str) -> int:
    """`wanted`, or a free port when it is 0.

    Raises:
        ServerError: something else listens there.
    """
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, wanted))
        except (OSError, OverflowError) as error:
            raise unusable_port(purpose, wanted, bind, error) from error
        return int(probe.getsockname()[1])

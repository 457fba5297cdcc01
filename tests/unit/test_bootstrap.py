"""`make` gives a project its environment: which Python it takes, what it mends, and what it leaves alone."""

import contextlib
import functools
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(__file__).parents[2]
TORCH = "99.1.0"
SHIM = """#!/bin/sh
case "$1" in --version) echo Python 3.12.0; exit 0;; esac
{does}
"""


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "-C", ROOT, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "does",
    [
        "echo 'pyenv: python3.12: command not found' >&2; exit 127",
        "exit 0",
        'echo "$@"',
        "echo 3.9",
        "echo 3.13",
    ],
    ids=["shim of a version that is not installed", "says nothing", "echoes", "3.9", "3.13"],
)
def test_make_takes_no_python_that_is_none_of_3_11_and_3_12(does: str, tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text(SHIM.format(does=does))
    shim.chmod(0o755)
    done = make("setup", f"PYTHON={shim}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode == 2
    assert f"{shim} does not run, or is no Python 3.11 or 3.12" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_make_says_so_of_a_python_that_does_not_exist(tmp_path: Path) -> None:
    done = make("setup", "PYTHON=/nowhere/python3.11", f"VENV={tmp_path / 'venv'}")
    assert "/nowhere/python3.11 does not run" in done.stderr


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that make made and that has everything for `live`, except for real packages and pip."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (folder / "bin" / "pip").write_text(f"#!{folder}/bin/python\n")
    for name in (bootstrap.MADE, ".live"):
        (folder / name).touch()
    monkeypatch.setattr(bootstrap, "install", lambda folder, level: (folder / f".{level}").touch())
    return folder


def foreign(venv: Path) -> None:
    (venv / bootstrap.MADE).unlink()
    (venv / ".live").unlink()


def test_a_whole_environment_stays_as_it_is_also_one_that_somebody_else_made(venv: Path) -> None:
    (venv / bootstrap.MADE).unlink()
    before = venv.stat().st_ino
    bootstrap.make_ready(venv, "live")
    assert venv.stat().st_ino == before


def broken_python(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nowhere/python3.11")


def other_python(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").write_text("#!/bin/sh\necho 3.9\n")
    (venv / "bin" / "python").chmod(0o755)


def moved(venv: Path) -> None:
    pip = venv / "bin" / "pip"
    pip.write_text(pip.read_text().replace(str(venv), "/somewhere/else/.venv"))


def interrupted(venv: Path) -> None:
    """As a kill leaves it: a package is there, and not all of its files."""
    (next(venv.glob("lib/python3*/site-packages")) / "pip").mkdir()
    (venv / bootstrap.BEGUN).touch()
    (venv / ".live").unlink()


HARMS = {
    broken_python: "has no Python that runs",
    other_python: "has Python 3.9, and not 3.11 or 3.12",
    moved: "was moved or copied from /somewhere/else/.venv",
}


@pytest.mark.parametrize(("harm", "says"), HARMS.items())
def test_what_somebody_else_made_is_left_alone_and_the_way_out_is_said(
    harm: Callable[[Path], None], says: str, venv: Path
) -> None:
    foreign(venv)
    harm(venv)
    with pytest.raises(bootstrap.RefusedError, match=f"{says}.*was not made by make.*rm -r"):
        bootstrap.make_ready(venv, "live")
    assert (venv / "bin" / "pip").exists()


@pytest.mark.slow  # pip is unpacked and compiled each time
@pytest.mark.parametrize("harm", [interrupted, moved, broken_python])
def test_what_make_made_is_mended_when_it_is_broken(harm: Callable[[Path], None], venv: Path) -> None:
    harm(venv)
    bootstrap.make_ready(venv, "live")
    assert bootstrap.fault(venv) == ""
    pip = subprocess.run([venv / "bin" / "pip", "--version"], capture_output=True, check=True, text=True)
    assert str(venv) in pip.stdout
    assert not (venv / bootstrap.BEGUN).exists()


@pytest.mark.slow
def test_an_environment_of_uv_which_has_no_pip_gets_one(venv: Path) -> None:
    foreign(venv)
    (venv / "bin" / "pip").unlink()
    bootstrap.make_ready(venv, "live")
    assert bootstrap._runs(venv, "-m", "pip", "--version")


def test_a_python_that_was_asked_for_is_not_quietly_another(venv: Path, tmp_path: Path) -> None:
    foreign(venv)
    other = "3.12" if sys.version_info[:2] == (3, 11) else "3.11"
    asked = tmp_path / "python"
    asked.write_text(f"#!/bin/sh\necho {other}\n")
    asked.chmod(0o755)
    with pytest.raises(bootstrap.RefusedError, match=f"and not the {other} of PYTHON="):
        bootstrap.make_ready(venv, "live", str(asked))


def test_nobody_is_told_to_remove_a_folder_that_is_no_environment(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("of years")
    for folder in (tmp_path, tmp_path / "work"):
        with pytest.raises(bootstrap.RefusedError, match="give another folder: make VENV=path") as refused:
            bootstrap.make_ready(folder, "live")
        assert "rm -r" not in str(refused.value)


def test_no_folder_at_all_is_not_taken_for_the_one_that_we_are_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["", "live"]) == 1
    assert "VENV is empty" in capsys.readouterr().err


def test_what_was_interrupted_while_it_was_removed_is_still_ours(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a kill; a folder of which nobody knew who made it would be left to the user."""

    def killed(path: object, *, dir_fd: int | None = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rmdir", killed)
    for _ in range(8):
        with pytest.raises(KeyboardInterrupt):
            bootstrap.make(venv, "is broken")
        assert (venv / bootstrap.MADE).exists()


def test_an_installation_of_more_that_was_interrupted_counts_for_less_too(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make test` was killed, and `make live` had all it needs before."""
    made = []
    monkeypatch.setattr(bootstrap, "make", lambda folder, wrong: made.append(wrong))
    monkeypatch.setattr(bootstrap, "_runs", lambda *_: True)
    (venv / bootstrap.BEGUN).touch()
    bootstrap.make_ready(venv, "live")
    assert made == ["was interrupted while something was installed"]
    assert not (venv / bootstrap.BEGUN).exists()


def test_of_two_makes_at_once_one_waits_and_finds_it_done(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    begun = []

    def install(folder: Path, level: str) -> None:
        begun.append(level)
        time.sleep(0.5)
        (folder / f".{level}").touch()

    monkeypatch.setattr(bootstrap, "install", install)
    monkeypatch.setattr(bootstrap, "_runs", lambda *_: True)
    both = [threading.Thread(target=bootstrap.main, args=([str(venv), "dev"],)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert begun == ["dev"]
    assert "another make is at work" in capfd.readouterr().err


def test_folders_with_spaces_and_chinese_names_stay_in_one_piece(tmp_path: Path) -> None:
    """The environment's Python, the recipes, and a Python that is asked for."""
    folder = tmp_path / "我的 环境"
    (folder / "bin").mkdir(parents=True)
    for name in ("python", "ruff", "mypy"):
        does = f'#!/bin/sh\n[ "$1" = -c ] && echo 3.11\necho "$0" "$@" >> "{tmp_path}/called"\n'
        (folder / "bin" / name).write_text(does)
        (folder / "bin" / name).chmod(0o755)
    for more in ((), (f"PYTHON={folder}/bin/python",)):
        done = make("lint", f"VENV={folder}", *more)
        assert done.returncode == 0, done.stderr
    called = (tmp_path / "called").read_text().splitlines()
    assert f"{folder}/bin/python bootstrap.py {folder} dev" in called
    assert f"{folder}/bin/python bootstrap.py {folder} dev {folder}/bin/python" in called
    assert f"{folder}/bin/ruff check ." in called


class Index(http.server.ThreadingHTTPServer):
    """A package index on loopback with one build of torch, which says that it is there and does nothing."""

    def __init__(self, folder: Path, version: str) -> None:
        page = folder / "torch"
        page.mkdir(parents=True)
        name = f"torch-{version}-py3-none-any.whl"
        facts = f"torch-{version}.dist-info"
        with zipfile.ZipFile(page / name, "w") as wheel:
            wheel.writestr("torch.py", "")
            wheel.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
            wheel.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{facts}/RECORD", "")
        (page / "index.html").write_text(f'<a href="{name.replace("+", "%2B")}">{name}</a>')
        super().__init__(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pip knows one index, which has torch with CUDA only; the way to all others is cut.

    What it installs goes into a folder of its own, beside the environment that this runs in.
    """
    for name in [each for each in os.environ if each.startswith(("PIP_", "UV_", "LIVEROOM_TORCH"))]:
        monkeypatch.delenv(name)
    dead = "http://127.0.0.1:9"
    with Index(tmp_path / "plain", TORCH) as index:
        ours = {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": index.url,
            "PIP_TARGET": str(tmp_path / "target"),
        }
        proxies = {"http_proxy": dead, "https_proxy": dead, "no_proxy": "127.0.0.1"}
        for name, value in (ours | proxies).items():
            monkeypatch.setenv(name, value)
        yield
        index.shutdown()


@pytest.mark.usefixtures("plain")
def test_torch_without_cuda_comes_from_the_index_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Index(tmp_path / "cpu", f"{TORCH}+cpu") as index:
        monkeypatch.setenv("LIVEROOM_TORCH_INDEX", index.url)
        bootstrap.bring_torch(Path(sys.prefix), TORCH)
        index.shutdown()
    assert installed(tmp_path) == [f"torch-{TORCH}+cpu.dist-info"]


@pytest.mark.usefixtures("plain")
def test_an_index_that_answers_a_byte_at_a_time_is_given_up_and_its_password_not_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("LIVEROOM_TORCH_INDEX", f"http://me:secret@127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(bootstrap, "ASK_S", 4)
        monkeypatch.setattr(bootstrap, "_torch_with_uv", lambda *_: True)
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        began = time.monotonic()
        bootstrap.bring_torch(Path(sys.prefix), TORCH)
    assert time.monotonic() - began < 20
    said = capfd.readouterr().err
    assert "or does not answer" in said
    assert "secret" not in said


def drip(server: socket.socket) -> None:
    """Answer whoever connects first, for as long as that one listens."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.5)


@pytest.mark.usefixtures("plain")
@pytest.mark.slow
@pytest.mark.parametrize("does", ["hangs", "refuses"])
def test_an_index_that_does_not_answer_costs_seconds_and_the_size_of_what_comes_instead_is_said(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if does == "refuses":
            silent.close()
        monkeypatch.setenv("LIVEROOM_TORCH_INDEX", f"http://127.0.0.1:{port}")
        began = time.monotonic()
        bootstrap.bring_torch(Path(sys.prefix), TORCH)
        assert time.monotonic() - began < 45
    said = capfd.readouterr().err
    assert (
        f"LIVEROOM_TORCH_INDEX=http://127.0.0.1:{port} has no torch {TORCH}+cpu, or does not answer" in said
    )
    assert "2.7 GB" in said
    assert installed(tmp_path) == [], "it is left to pip, with everything else"


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("setting", ["PIP_INDEX_URL", "PIP_NO_INDEX"])
def test_uv_is_not_asked_where_pip_has_an_index_of_its_own(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv(setting, "1")
    monkeypatch.setattr(bootstrap, "_uv", lambda *_: pytest.fail("uv was asked"))
    assert not bootstrap._with_uv(Path(sys.prefix), "liveroom")


@pytest.mark.usefixtures("plain")
def test_what_uv_can_not_install_is_left_to_pip_unless_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9")
    uv = tmp_path / "uv"
    monkeypatch.setattr(bootstrap, "_uv", lambda *_: str(uv))
    for does in ("echo no index answers >&2; exit 2", "kill -9 $$", "exit 0"):
        uv.write_text(f"#!/bin/sh\n{does}\n")
        uv.chmod(0o755)
        if "kill" in does:
            with pytest.raises(bootstrap.KilledError, match="uv was ended by signal 9"):
                bootstrap._with_uv(Path(sys.prefix), "liveroom")
        else:
            assert bootstrap._with_uv(Path(sys.prefix), "liveroom") == ("0" in does)
    said = capfd.readouterr().err
    assert "no index answers" in said
    assert said.count("uv could not install everything: trying pip") == 1


def installed(tmp_path: Path) -> list[str]:
    return sorted(each.name for each in (tmp_path / "target").glob("torch*.dist-info"))

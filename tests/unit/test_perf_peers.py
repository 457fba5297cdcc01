"""Peers: how their services are run, in what order they are measured, and who is called ahead."""

import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from perf.__main__ import main
from perf.load.closed_loop import Answers
from perf.peers.catalogue import FASTAPI, PEERS, RAY, Layout
from perf.peers.measuring import Contest, Plan, pairs
from perf.peers.results import ahead, rows
from perf.peers.running import running
from perf.peers.section import headline, section
from perf.peers.subjects import IDENTITY, Subject, prepare
from tooling.sources import Library

SERVICE = """
    import os, subprocess, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    daemon = subprocess.Popen(["sleep", "60"], start_new_session=True)
    open({pid!r}, "w").write(str(daemon.pid))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write({answer})

    if {fails}:
        sys.exit("no such thing as luck")
    HTTPServer(("127.0.0.1", int(os.environ["PEER_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return prepare(IDENTITY, tmp_path_factory.mktemp("identity"), Library())


def run_service(folder: Path, subject: Subject, answer: str = "body", *, fails: bool = False) -> int:
    """Runs a service that leaves a daemon behind; the daemon's process."""
    pid, script = folder / "pid", folder / "service.py"
    script.write_text(textwrap.dedent(SERVICE.format(pid=str(pid), answer=answer, fails=fails)))
    peer = replace(FASTAPI, script=str(script))
    try:
        with running(peer, Path(sys.executable), subject, Layout(1, 1, 1)) as ports:
            answered = peer.light.ask(ports, subject.x)
            assert subject.is_right(answered)
            assert psutil.pid_exists(int(pid.read_text()))
    finally:
        daemon = int(pid.read_text())
        assert not psutil.pid_exists(daemon) or psutil.Process(daemon).status() == psutil.STATUS_ZOMBIE
    return daemon


def test_a_service_is_gone_with_all_it_has_started(tmp_path: Path, identity: Subject) -> None:
    assert run_service(tmp_path, identity) > 0


def test_a_wrong_answer_is_no_service(tmp_path: Path, identity: Subject) -> None:
    with pytest.raises(RuntimeError, match="fastapi answers identity wrong"):
        run_service(tmp_path, identity, "bytes(len(body))")


def test_a_service_that_ends_is_quoted(tmp_path: Path, identity: Subject) -> None:
    with pytest.raises(RuntimeError, match=r"fastapi ended with 1 .*no such thing as luck"):
        run_service(tmp_path, identity, fails=True)


def test_every_peer_has_pinned_requirements_and_the_same_runtime() -> None:
    for peer in PEERS.values():
        assert all("==" in requirement for requirement in peer.requirements)
        assert "onnxruntime==1.32.0" in peer.requirements
        assert peer.requirements[0].startswith(peer.package)


def test_batching_is_tried_on_and_off_for_a_heavy_model_and_left_to_those_that_can() -> None:
    assert {layout.batch for layout in RAY.layouts(heavy=True)} == {1, 8}
    assert {layout.batch for layout in RAY.layouts(heavy=False)} == {32}
    assert {layout.batch for layout in FASTAPI.layouts(heavy=True)} == {1}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_each_peer_stands_next_to_a_run_of_ours(count: int) -> None:
    order = list(pairs([Contest(str(number), IDENTITY) for number in range(count)]))
    own = [at for at, (contest, _) in enumerate(order) if contest is None]
    assert sum(contest is not None for contest, _ in order) == count
    for at, (contest, beside) in enumerate(order):
        if contest is not None:
            assert abs(own[beside] - at) == 1


def test_windows_grow_with_what_there_is_to_do(identity: Subject) -> None:
    plan = Plan((1, 32), 3, 1.5)
    assert plan.window_s(identity, 32) == 1.5
    assert plan.window_s(replace(identity, alone_s=2.0), 32) > 32


def answers(per_second: float, p99_ms: float, errors: int = 0) -> Answers:
    said = "HTTP/1.1 500" if errors else ""
    return Answers(8, per_second, p99_ms / 2 if per_second else None, p99_ms or None, errors, said, 0.25)


def row(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]], errors: int = 0
) -> dict[str, object]:
    contest = Contest("litserve", IDENTITY, Layout(2, 1, 32))
    contest.pairs = [({8: answers(*a)}, {8: answers(*b, errors)}) for a, b in zip(ours, theirs, strict=True)]
    (only,) = rows(contest, [8], "0.2.19", "raw float32 over HTTP")
    return only


OURS = [(100.0, 10.0), (110.0, 11.0), (90.0, 9.0)]


def test_a_row_has_medians_ratios_of_neighbors_and_the_runs() -> None:
    found = row(OURS, [(50.0, 30.0), (44.0, 20.0), (60.0, 40.0)], errors=2)
    assert (found["ours_per_s"], found["peer_per_s"]) == (100, 50)
    assert (found["ours_p99_ms"], found["peer_p99_ms"], found["peer_p50_ms"]) == (10, 30, 15)
    assert found["throughput_ratio"] == 2
    assert found["runs"]["throughput_ratio"] == [2, 2.5, 1.5]  # type: ignore[index]  # a dict
    assert found["errors"] == 6
    note = str(found["note"])
    assert "2 workers of 1 thread, batches up to 32" in note
    assert "took 0.25 cores" in note
    assert "HTTP/1.1 500" in note
    assert ahead(found) == ""


@pytest.mark.parametrize(
    ("theirs", "by"),
    [
        ([(120.0, 10.0), (140.0, 11.0), (95.0, 9.0)], "throughput"),
        ([(102.0, 10.0), (112.0, 11.0), (92.0, 9.0)], ""),  # always ahead, but by next to nothing
        ([(150.0, 10.0), (160.0, 11.0), (80.0, 9.0)], ""),  # not always
        ([(101.0, 8.0), (109.0, 9.0), (91.0, 7.0)], "p99"),
        ([(50.0, 8.0), (60.0, 9.0), (40.0, 7.0)], ""),  # quick with half of the work
    ],
)
def test_ahead_is_what_stands_out_of_the_noise(theirs: list[tuple[float, float]], by: str) -> None:
    assert ahead(row(OURS, theirs)) == by


def test_the_first_line_says_who_is_ahead() -> None:
    lost = row(OURS, [(200.0, 10.0)] * 3)
    won = row(OURS, [(20.0, 50.0)] * 3)
    assert headline([won]).startswith("We are ahead of all.")
    said = headline([won, {**lost, "peer": "fastapi", "concurrency": 1}])
    assert said.startswith("Ahead of us: fastapi serving identity")
    assert "2.00 times our throughput at 1 callers" in said
    assert "litserve" not in said


def test_who_was_not_measured_is_in_the_first_line_and_why_in_the_notes() -> None:
    (missing,) = rows(Contest("bentoml", IDENTITY, error="pip said: no such release"), [8], "", "JSON")
    assert missing["throughput_ratio"] is None
    assert missing["note"] == "not measured: pip said: no such release"
    shown = section({"results": [row(OURS, [(20.0, 50.0)] * 3), missing]})
    assert "Not measured: bentoml (identity)" in shown.headline
    assert any("no such release" in note for note in shown.notes)
    assert section({"results": [missing]}).headline.startswith("No peer was measured.")


def test_the_limit_is_not_somebody_to_be_ahead_of() -> None:
    limit = {**row(OURS, [(105.0, 10.0), (116.0, 9.0), (96.0, 8.0)]), "peer": "in-process"}
    heavy = {**limit, "model": "whisper_encoder"}
    said = headline([row(OURS, [(20.0, 50.0)] * 3), limit, heavy])
    assert (
        said == "We are ahead of all. whisper_encoder reaches 0.95 of ONNX Runtime in process with 8 callers."
    )


def test_plots_are_drawn_and_what_is_no_result_is_refused() -> None:
    (figure,) = section({"results": [row(OURS, [(20.0, 50.0)] * 3)]}).figures
    assert figure.png().startswith(b"\x89PNG")
    with pytest.raises(RuntimeError, match="not a result of perf peers"):
        section({"rooms": []})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seconds", "0"), "0: expected seconds, from 0.1 to 60"),
        (("--repeat", "none"), "none: expected a whole number, 1 or more"),
        (("--peers", "torchserve"), "invalid choice: 'torchserve' (choose from 'fastapi', 'litserve'"),
        (("--models", "asr"), "invalid choice: 'asr' (choose from 'identity', 'whisper_encoder')"),
    ],
)
def test_a_wrong_option_is_said(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["peers", *arguments])
    assert said in capsys.readouterr().err

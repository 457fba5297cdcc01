"""Exports side by side: all of them, each reported whole, and none ended by another's end."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from exporters.contract import Options
from exporters.onnx_tools import session
from exporters.registry import all_exporters
from exporters.side_by_side import longest_first
from tests.waiting import until

NAMES = ("face_landmarks", "person_segmentation", "voice_activity")


def workers(command: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that export, in the order in which they began."""
    children = psutil.Process(command.pid).children()
    return sorted(
        (child for child in children if "spawn_main" in " ".join(child.cmdline())),
        key=lambda child: child.create_time(),
    )


@pytest.mark.thorough
def test_one_that_is_killed_is_named_and_the_others_are_exported(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exporters", *NAMES, "--force", "--repository", str(tmp_path / "r")]
    with subprocess.Popen(
        [*command, "--jobs", "2", "--json"], stdout=subprocess.PIPE, text=True
    ) as exporting:
        assert until(lambda: len(workers(exporting)) == 2, 60)
        workers(exporting)[0].kill()
        printed, _ = exporting.communicate(timeout=240)
    lines = {line["exporter"]: line for line in map(json.loads, printed.splitlines())}
    assert exporting.returncode == 1
    assert lines.keys() == set(NAMES)
    assert "was ended by SIGKILL" in lines[NAMES[0]]["error"]
    assert {lines[name]["status"] for name in NAMES[1:]} == {"exported"}


def test_an_end_ends_every_process_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Ctrl-C in a terminal, which all processes get."""
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "exporters", *NAMES, "--force", "--repository", str(tmp_path / "r")]
    with subprocess.Popen(
        [*command, "--jobs", "2", "--cache", str(cache)], stderr=subprocess.PIPE, text=True, process_group=0
    ) as exporting:
        assert until(lambda: len(workers(exporting)) == 2, 60)
        processes = workers(exporting)
        exporting.send_signal(signal.SIGINT)
        exporting.communicate(timeout=60)
    assert exporting.returncode == 130
    _, alive = psutil.wait_procs(processes, 20)
    assert alive == []
    assert not list(cache.glob("export-*"))


def test_what_takes_longest_is_begun_first() -> None:
    plan = [(exporter, Options()) for exporter in all_exporters().values()]
    assert longest_first(plan)[0][0].name == "whisper"
    own = (all_exporters()["nsfw"], Options(checkpoint=Path("nsfw.onnx")))
    assert longest_first([*plan, own])[0] == own
    assert sorted(exporter.name for exporter, _ in longest_first(plan)) == sorted(all_exporters())


@pytest.mark.parametrize(("said", "threads"), [("1", 1), ("4,2", 4), ("many", 0), ("", 0)])
def test_networks_take_no_more_threads_than_is_said(
    said: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenMP reads it; 0 is ONNX Runtime's word for every core."""
    value = helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("b", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "same", [value], [same])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert session(model.SerializeToString()).get_session_options().intra_op_num_threads == threads

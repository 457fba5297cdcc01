"""`python -m perf rooms` on the real server: what a step counts, what it refuses, and how it ends."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from perf.rooms import profile as profiles
from perf.rooms.breakdown import path
from perf.rooms.generator_pool import GeneratorError, GeneratorPool
from perf.rooms.messages import Joined, Message, encode
from perf.rooms.metrics import LoadMetrics
from perf.rooms.observation import Observation, Server, load, observe
from perf.rooms.rows import Row, row
from perf.rooms.schedule import Join, Times, joins
from perf.rooms.slo import Slo
from perf.rooms.slo_check import LATE_GENERATOR, verdict
from perf.rooms.solo_baseline import play_alone
from server import Triton

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
TIMES = Times(measured=4.0, ramp=0.5, settle=0.5, cool_down=0.5)
SLO = Slo(partial_p95_s=20.0, final_p99_s=20.0)
"""Limits that a busy machine keeps: how fast the server is is not what is tested."""
TALKERS = profiles.load("talkers")


def scrape(url: str) -> str:
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=5)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


@pytest.fixture(scope="module")
def server(live_triton: Triton) -> Server:
    return Server(live_triton.grpc, live_triton)


@pytest.fixture(scope="module")
def rooms() -> list[Join]:
    return joins(TALKERS.deal(2), TIMES.ramp, seed=1)


@pytest.fixture(scope="module")
def step(server: Server, rooms: list[Join]) -> tuple[Observation, Row, str]:
    """Two rooms for a few seconds, and what the metrics were while both were open."""
    solos = play_alone(server, TALKERS, rooms, 1, TIMES)
    scraped: list[str] = []
    with LoadMetrics(0, SLO.limits_s) as metrics:

        def listen(message: Message | None) -> None:
            if message is not None:
                metrics.take(message)
            page = scrape(metrics.url) if not scraped else ""
            if 'events_total{kind="partial"} 2.0' in page:
                scraped.append(page)

        seen = observe(server, load(server, TALKERS, rooms, 1, TIMES), TIMES, listen)
    assert server.triton is not None
    return seen, row(seen, rooms, solos, TIMES, SLO, path(server.triton.models)), scraped[0]


def test_rooms_are_played_side_by_side_and_nothing_is_lost(step: tuple[Observation, Row, str]) -> None:
    _, found, _ = step
    assert (found.rooms, found.failed, found.lost, found.errors) == (2, 0, 0, ())
    assert found.partials > 1
    partial_s, spoken_s = (found.measures[f"partial{name}_p50_s"] for name in ("", "_spoken"))
    assert partial_s is not None
    assert spoken_s is not None
    assert 0 < partial_s < spoken_s < 10


def test_a_step_says_where_cpu_memory_and_time_went(step: tuple[Observation, Row, str]) -> None:
    _, found, _ = step
    names = {process.name for process in found.processes}
    assert {"tritonserver", "whisper_decoder_0_0", "captions_0_0", "load generator"} <= names
    assert all(process.memory_mb > 5 for process in found.processes)
    assert 0 < (found.measures["server_cores"] or 0) < 16
    assert [part["part"] for part in found.time][:3] == ["client", "grpc", "queue"]
    assert {"whisper_encoder", "voice_activity"} <= {part["part"] for part in found.time}
    assert found.signals is not None
    assert found.signals["active_sequences"] == 2
    assert found.signals["pending"] is not None


def test_metrics_have_names_and_units_as_prometheus_wants_them(step: tuple[Observation, Row, str]) -> None:
    page = step[2]
    families = {family.name: family for family in text_string_to_metric_families(page)}
    ours = {name for name in families if not name.endswith("_created")}
    assert ours == {
        f"liveroom_load_{name}"
        for name in (
            *("rooms", "rooms_failed", "events", "caption_latency_seconds", "late", "lost"),
            *("frame_latency_seconds", "frames_dropped", "generator_lateness_seconds"),
        )
    }
    assert all(families[name].documentation for name in ours)
    kinds = {name: families[name].type for name in ours}
    assert {name for name, kind in kinds.items() if kind == "gauge"} == {"liveroom_load_rooms"}
    assert all(name.endswith("_seconds") for name, kind in kinds.items() if kind == "histogram")
    for family in families.values():
        counted = family.type == "counter" and not family.name.endswith("_created")
        assert not counted or all(re.search(r"_(total|created)$", each.name) for each in family.samples)
    assert "liveroom_load_rooms 2.0" in page
    assert 'liveroom_load_caption_latency_seconds_bucket{kind="partial",le="+Inf"} 2.0' in page


def test_a_generator_that_was_stopped_for_a_while_knows_that_it_was_late(server: Server) -> None:
    """SIGSTOP is what a starved machine does to it, only worse."""
    times = Times(measured=2.0, ramp=0.2, settle=0.2, cool_down=0.1)
    alone = joins([4], times.ramp, seed=1)  # a silent room
    profile = profiles.load("mixed")
    stopped: list[float] = []

    def listen(message: Message | None) -> None:
        if isinstance(message, Joined):
            (generator,) = (
                child for child in psutil.Process().children() if "perf.rooms.generator" in child.cmdline()
            )
            time.sleep(0.8)
            generator.suspend()
            time.sleep(0.5)
            generator.resume()
            stopped.append(0.5)

    seen = observe(server, load(server, profile, alone, 1, times), times, listen)
    solos = play_alone(server, profile, alone, 1, times)
    assert stopped
    found = row(seen, alone, solos, times, SLO)
    assert (found.measures["generator_lateness_p99_s"] or 0) > 0.2
    assert verdict(found, SLO) == LATE_GENERATOR


def test_rooms_that_nobody_answers_have_failed() -> None:
    times = Times(measured=1.0, ramp=0.1, settle=0.1, cool_down=0.1)
    nowhere = Server("127.0.0.1:1")
    (room,) = joins([0], times.ramp, seed=1)
    seen = observe(nowhere, load(nowhere, TALKERS, [room], 1, times), times)
    assert "ServerUnavailable" in seen.errors[0]
    with pytest.raises(RuntimeError, match="a room that was alone on the server failed: ServerUnavailable"):
        play_alone(nowhere, TALKERS, [room], 1, times)


def test_a_generator_that_does_not_end_is_ended(server: Server, rooms: list[Join]) -> None:
    order = load(server, TALKERS, rooms, 1, TIMES)
    with GeneratorPool(msgspec.structs.replace(order, limit_s=0.5)) as pool:
        pool.begin()
        with pytest.raises(GeneratorError):
            list(pool.messages())
    assert not [c for c in psutil.Process().children() if "perf.rooms.generator" in c.cmdline()]


def test_a_generator_does_not_outlive_who_started_it(server: Server, rooms: list[Join]) -> None:
    order = encode(load(server, TALKERS, rooms, 1, replace(TIMES, measured=60.0)))
    command = [sys.executable, "-m", "perf.rooms.generator", order]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "Ready" in process.stdout.readline()
        process.stdin.write(f"{time.perf_counter()}\n")
        process.stdin.flush()
        process.stdout.close()  # as when the other process is killed
        try:
            assert process.wait(timeout=5) == 1
        finally:
            process.kill()


@pytest.fixture
def measuring(live_triton: Triton, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`perf rooms` on the running server, one room that is silent, two steps of a second."""
    silent = tmp_path / "silent.toml"
    silent.write_text("[[rooms]]\naudio = {}\n", encoding="utf-8")
    line = [sys.executable, "-m", "perf", "rooms", "--url", live_triton.grpc, "--profile", str(silent)]
    line += ["--rooms", "1", "2", "--seconds", "1", "--json", "--out", str(tmp_path / "rooms.json")]
    with subprocess.Popen(
        line, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process_behind(
    measuring: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert measuring.stderr is not None
    shown = ""
    while "  1 rooms: " not in shown:
        line = measuring.stderr.readline()
        assert line, shown
        shown += line
    time.sleep(1.5)
    family = psutil.Process(measuring.pid).children(recursive=True)
    assert family, "no load generator?"
    os.killpg(measuring.pid, signal.SIGINT)
    output, errors = measuring.communicate(timeout=30)
    assert measuring.returncode == 130
    assert "Traceback" not in shown + errors
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    result = json.loads(output)
    assert result == json.loads((tmp_path / "rooms.json").read_text(encoding="utf-8"))
    assert result["limited_by"] == "interrupted"
    (kept,) = result["curve"]
    assert (kept["rooms"], kept["lost"], kept["late"]) == (1, 0, 0)
    assert kept["server_cores"] is None
    assert {"max_rooms", "slo", "profile", "machine", "commit", "settings"} <= set(result)

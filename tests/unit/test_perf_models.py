"""`perf models` without a server: the bare models, the rows made of runs, and what is drawn of them."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from evaluation.speech import clips
from perf.inputs import registry, speech
from perf.inputs.recorded import Step
from perf.load.analyzer import Load
from perf.load.server_costs import ModelCost
from perf.models import bare, drawing, in_process
from perf.models.bare import Layout, layouts, rate
from perf.models.instances import Job
from perf.models.rows import Row, Served, row
from server.repository import Repository
from tests.unit.test_perf_cli import perf
from tooling.sources import Library

CORES = len(os.sched_getaffinity(0))
REPOSITORY = Repository(Path(__file__).parents[2] / "model_repository")
TEXTS = {"input": "13 clips", "note": "", "bare_layout": "2 x 1 thread, batch 1", "no_bare": ""}
NOT_BARE = {"input": "13 clips", "note": "a room", "bare_layout": "", "no_bare": "it only waits"}


def cost(name: str, queue: float | None, batches: Mapping[int, int]) -> ModelCost:
    inferences = sum(size * count for size, count in batches.items())
    work = None if queue is None else 4.0
    return ModelCost(name, inferences, inferences, sum(batches.values()), queue, work, 9.0, work, batches)


def served(per_second: float, own: ModelCost, parts: Sequence[ModelCost] = ()) -> Served:
    return Served(Load(4, per_second, 1.0, 2.0, 3.0, 30), own, parts)


def encoder_rows() -> list[Row]:
    runs = [
        served(per_second, cost("encoder", queue, {1: 2, 3: 1}))
        for per_second, queue in ((8.0, 1.0), (10.0, 3.0), (9.0, 2.0))
    ]
    room = [
        served(3.0, cost("rooms", None, {}), [cost("encoder", 5.0, {1: 4}), cost("decoder", 7.0, {2: 4})])
    ]
    return [row(runs, [10.0, 20.0, 10.0], TEXTS), row(room, [], NOT_BARE)]


def test_a_row_has_medians_and_the_ratio_of_runs_in_turn() -> None:
    found = encoder_rows()[0]
    assert (found["name"], found["concurrency"], found["requests"]) == ("encoder", 4, 90)
    assert (found["infer_per_s"], found["queue_ms"], found["compute_ms"]) == (9.0, 2.0, 4.0)
    assert found["runs"]["served_over_bare"] == [0.8, 0.5, 0.9]
    assert (found["served_over_bare"], found["bare_per_s"]) == (0.8, 10.0)
    assert found["batches"] == {"1": 6, "3": 3}
    assert found["batch"] == pytest.approx(15 / 9, abs=0.01)


def test_without_a_limit_there_is_no_ratio_but_a_reason() -> None:
    found = encoder_rows()[1]
    assert (found["served_over_bare"], found["bare_per_s"], found["bare_layout"]) == (None, None, None)
    assert found["no_bare"] == "it only waits"
    assert "served_over_bare" not in found["runs"]


def test_an_ensemble_has_the_sums_of_its_parts() -> None:
    found = encoder_rows()[1]
    assert (found["queue_ms"], found["compute_ms"], found["batch"]) == (12.0, 8.0, None)
    assert [(part["name"], part["batch"]) for part in found["parts"]] == [("encoder", 1.0), ("decoder", 2.0)]


def test_the_section_is_drawn_from_json() -> None:
    result = cast("dict[str, object]", json.loads(json.dumps({"models": encoder_rows()})))
    drawn = drawing.section(result)
    assert drawn.headline == "Served over bare, each model at its best: encoder 0.80."
    models, limits, parts = drawn.tables
    assert [each[0] for each in models.rows] == ["encoder", "rooms"]
    assert ["it only waits" in each for each in limits.rows] == [False, True]
    assert [each[2] for each in parts.rows] == ["encoder", "decoder"]
    assert drawn.notes[-1] == "a room"
    assert all(figure.png().startswith(b"\x89PNG") for figure in drawn.figures)


def test_layouts_have_every_core_each_core_and_what_is_configured() -> None:
    encoder = list(layouts(REPOSITORY.read("whisper_encoder"), 4))
    assert {(layout.instances, layout.threads) for layout in encoder} == {(1, 4), (4, 1), (2, 2)}
    assert {layout.batch for layout in encoder} == {1, 4, 16}
    assert {layout.batch for layout in layouts(REPOSITORY.read("captions"), 4)} == {1}
    assert str(Layout(2, 1, 16)) == "2 x 1 thread, batch 16"


def test_instances_work_side_by_side_and_a_batch_counts_its_requests() -> None:
    def sleeper(batch: Sequence[Step]) -> Job:
        assert len(batch) == 4
        return lambda: time.sleep(0.02)

    steps: list[Step] = [{"x": np.zeros(1)}] * 6
    alone, together = (rate([sleeper] * count, steps, 4, 0.2) for count in (1, 3))
    assert 4 < alone <= 4 / 0.02
    assert alone < together <= 3 * 4 / 0.02


def test_every_model_can_be_run_without_a_server_or_says_why_not() -> None:
    for name in REPOSITORY.names():
        assert (in_process.of(REPOSITORY.read(name)) is None) == (name in in_process.UNLIKE)


def test_bare_recognition_is_the_real_work() -> None:
    process = in_process.PYTHON["asr"]
    groups = process.groups(speech.asr(Library()).steps)
    assert len(groups) == 3  # contexts of 8, 10 and 15 s
    (clip,) = [clip for clip in clips() if clip.name == "en-hello_world"]
    (hello,) = [step for step in groups[0] if len(step["audio"]) == len(clip.audio)]
    assert process.load(1)([hello])() == [" Hello world."]


def test_bare_sequences_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "TRY_S", 0.01)
    model = REPOSITORY.read("voice_activity")
    process = in_process.of(model)
    assert process is not None
    found = bare.best(model, process, registry.WRITERS["voice_activity"](Library()).steps[:8])
    assert found.layout in list(layouts(model, CORES))
    assert found.per_second(0.05) > 10


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("models", "asrr"), 1, "no model 'asrr'"),
        (("inputs", "asrr"), 1, "there are: asr, captions"),
        (("models", "--repeat", "0"), 2, "0: expected a whole number, 1 or more"),
        (("models", "--concurrency", "x"), 2, "x: expected a whole number, 1 or more"),
        (("models", "--seconds", "0"), 2, "0: expected seconds, from 0.1 to 60"),
    ],
)
def test_a_wrong_word_is_said(arguments: tuple[str, ...], code: int, message: str) -> None:
    failed = perf(*arguments)
    assert (failed.returncode, failed.stdout) == (code, "")
    assert message in failed.stderr

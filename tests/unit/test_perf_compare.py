"""`perf compare` on runs whose truth is known: what it calls, how often it errs, what it says of the rest."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from perf import report
from perf.__main__ import main
from perf.compare.command import section
from perf.compare.differences import Comparison, compare
from perf.compare.rows import better
from perf.compare.significance import ALPHA, p_values, runs_needed, smallest_p

Values = NDArray[np.float64]
NAMES = ("a.json", "b.json")


def models(latency: Values, rate: Values, **extra: object) -> dict[str, object]:
    """A result of `perf models`: a row for each row of `latency` and `rate` [rows, runs]."""
    rows = [
        {"name": f"model_{at}", "concurrency": 8, "runs": {"p50_ms": list(ms), "infer_per_s": list(per_s)}}
        for at, (ms, per_s) in enumerate(zip(latency, rate, strict=True))
    ]
    return {"kind": "models", "models": rows} | extra


def noisy(
    random: np.random.Generator, rows: int, runs: int, noise: float, fourth: float = 1.0
) -> dict[str, object]:
    """Rows of which all are slower in a slow run, and each has noise of its own; the fourth takes longer."""
    common = random.normal(0, noise / 2, runs)
    latency = 5.0 * np.exp(common + random.normal(0, noise, (rows, runs)))
    latency[3] *= fourth
    return models(latency, 1000.0 / latency * np.exp(random.normal(0, noise, (rows, runs))))


def verdicts(comparison: Comparison) -> dict[str, set[str]]:
    """Per row: the verdicts on its metrics."""
    found: dict[str, set[str]] = {}
    for each in comparison["differences"]:
        found.setdefault(each["row"], set()).add(each["verdict"])
    return found


@pytest.mark.parametrize(("noise", "runs"), [(0.05, 4), (0.05, 6), (0.4, 5)])
def test_where_nothing_changed_false_alarms_stay_below_the_promised_rate(noise: float, runs: int) -> None:
    random = np.random.default_rng(runs)
    times = 200
    alarms = 0
    for _ in range(times):
        pair = noisy(random, 6, runs, noise), noisy(random, 6, runs, noise)
        alarms += any(found != {"same"} for found in verdicts(compare(*pair, NAMES)).values())
    # beyond what a rate of exactly ALPHA gives once in a thousand
    assert alarms <= times * ALPHA + 3.1 * (times * ALPHA * (1 - ALPHA)) ** 0.5


def test_a_fifth_slower_in_the_midst_of_noise_is_found_and_nothing_else() -> None:
    random = np.random.default_rng(1)
    found = others = 0
    for _ in range(20):
        pair = noisy(random, 10, 7, 0.05), noisy(random, 10, 7, 0.05, fourth=1.2)
        told = verdicts(compare(*pair, NAMES))
        found += "worse" in told.pop("model_3, concurrency 8")
        others += any(each != {"same"} for each in told.values())
    assert found >= 18
    assert others <= 4


def test_a_change_of_everything_is_found_everywhere() -> None:
    runs = np.array([[1.0, 1.01, 0.99, 1.02, 0.98]] * 30)
    told = compare(models(10.0 * runs, 100.0 * runs), models(5.0 * runs, 200.0 * runs), NAMES)
    assert {each["verdict"] for each in told["differences"]} == {"better"}
    assert {(each["metric"], each["ratio"]) for each in told["differences"]} == {
        ("p50_ms", 0.5),
        ("infer_per_s", 2.0),
    }


def test_p_is_exact_where_it_can_be_counted() -> None:
    apart = [([1.0, 2.0, 3.0, 4.0], [11.0, 12.0, 13.0, 14.0])]
    assert p_values(apart) == [pytest.approx(2 / 70)]
    same = ([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0])
    assert p_values([same]) == [1.0]
    assert p_values([*apart, same])[0] == pytest.approx(2 / 70)
    assert p_values([([3.0] * 4, [3.0] * 4)]) == [1.0]
    assert p_values([([0.1] * 5, [0.1] * 4)]) == [1.0]
    assert p_values([([0.0] * 4, [5.0] * 4)]) == [pytest.approx(2 / 70)]


def test_p_of_many_runs_comes_of_a_sample_of_the_deals() -> None:
    runs = list(np.random.default_rng(0).normal(1, 0.05, 12))
    apart, same = p_values([(runs, [1.3 * each for each in runs]), (runs, runs[::-1])])
    assert apart is not None
    assert apart < 0.001
    assert same == 1.0


def test_groups_of_other_sizes_are_corrected_for() -> None:
    apart = ([1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 12.0, 13.0, 14.0, 15.0])
    few = (apart[0], apart[1][:4])
    assert p_values([apart, few]) == [pytest.approx(2 * 2 / 252), pytest.approx(2 * 1 / 126)]


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_too_few_runs_are_said_and_not_guessed_from(runs: int) -> None:
    one = np.ones((2, runs))
    told = compare(models(one, one), models(9.0 * one, one), NAMES)
    assert {each["verdict"] for each in told["differences"]} == {"too few runs"}
    assert {each["p"] for each in told["differences"]} == {None}
    assert section(dict(told)).headline == "4 metrics have too few runs to tell (needs 4 in each result)."


def test_four_runs_are_the_fewest_that_can_tell() -> None:
    assert runs_needed() == 4
    assert smallest_p(4, 4) == pytest.approx(2 / 70)
    assert smallest_p(1, 100) == 1


def test_a_change_below_the_drift_between_sessions_is_none() -> None:
    runs = np.array([[1.0, 1.001, 0.999, 1.002, 0.998]])
    slower = models(1.02 * runs, runs)
    assert verdicts(compare(models(runs, runs), slower, NAMES))["model_0, concurrency 8"] == {"same"}
    assert (
        "worse" in verdicts(compare(models(runs, runs), slower, NAMES, least=0.01))["model_0, concurrency 8"]
    )


@pytest.mark.parametrize(
    ("metric", "way"),
    [
        ("infer_per_s", "higher"),
        ("partials_per_speech_s", "higher"),
        ("served_over_bare", "higher"),
        ("throughput_ratio", "higher"),
        ("speedup", "higher"),
        ("p99_ms", "lower"),
        ("final_p99_s", "lower"),
        ("memory_mb", "lower"),
        ("lost", "lower"),
        ("ours_p99_ms", "lower"),
        ("peer_per_s", None),
        ("generator_lateness_p99_s", None),
        ("batch", None),
    ],
)
def test_metrics_say_which_way_is_better(metric: str, way: str | None) -> None:
    assert better(metric) == way


def test_a_difference_that_is_neither_better_nor_worse_is_a_change() -> None:
    rows = [{"rooms": 4, "runs": {"batch": [each, each, each, each]}} for each in (1.0, 2.0)]
    told = compare({"kind": "rooms", "curve": rows[:1]}, {"kind": "rooms", "curve": rows[1:]}, NAMES)
    assert [(each["row"], each["verdict"]) for each in told["differences"]] == [("rooms 4", "changed")]


def test_rows_and_settings_that_are_not_in_both_come_first() -> None:
    runs = np.ones((2, 4))
    machines = [{"machine": {"cpu": "x", "cores": cores, "load_1min": 3.0}} for cores in (2, 64)]
    a, b = models(runs, runs, **machines[0]), models(runs[:1], runs[:1], **machines[1])
    a |= {"settings": {"seconds": 3}, "best": 4, "commit": "abc"}
    b |= {"settings": {"seconds": 9, "warm": True}, "best": 5, "commit": "def"}
    told = compare(a, b, NAMES)
    assert {each["what"] for each in told["settings_changed"]} == {
        "machine.cores",
        "settings.seconds",
        "settings.warm",
    }
    assert told["single"] == [{"what": "best", "a": 4, "b": 5}]
    assert told["only_in_a"] == ["model_1, concurrency 8"]
    assert told["only_in_b"] == []
    shown = section(json.loads(json.dumps(told)))
    assert shown.headline.startswith("Not like with like: machine, settings not the same in both.")
    assert "Only in A: model_1, concurrency 8." in shown.notes
    assert [note for note in shown.notes if "Others were at work" in note] == [
        "Others were at work on the machine as A began: load 3 on 2 cores."
    ]


def test_results_that_were_measured_once_are_shown_but_not_judged() -> None:
    a, b = ({"kind": "m", "x": [{"name": "a", "p50_ms": ms, "odd": 1}]} for ms in (1, 9))
    told = compare(a, b, NAMES)
    assert [(each["metric"], each["ratio"], each["verdict"]) for each in told["differences"]] == [
        ("p50_ms", 9.0, "too few runs")
    ]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ({"kind": "models"}, {"kind": "rooms"}, "of the kind 'models' and b.json of the kind 'rooms'"),
        (
            {"kind": "models", "models": [{"name": "asr"}]},
            {"kind": "models"},
            "a.json has no rows with metrics",
        ),
        (
            {"kind": "m", "x": [{"name": "a", "runs": 3}]},
            {"kind": "m"},
            "the runs of a are 3: expected metrics",
        ),
        (
            {"kind": "m", "x": [{"name": "a", "runs": {"p50_ms": [1, "2"]}}]},
            {"kind": "m"},
            "the runs of a, p50_ms, are [1, '2']: expected a list of numbers",
        ),
        (
            {"kind": "m", "x": [{"name": "a", "p50_ms": 1}], "y": [{"name": "a", "p50_ms": 2}]},
            {"kind": "m"},
            "a.json has two rows of a",
        ),
    ],
)
def test_what_can_t_be_compared_is_said(a: dict[str, object], b: dict[str, object], message: str) -> None:
    with pytest.raises(RuntimeError) as failed:
        compare(a, b, NAMES)
    assert message in str(failed.value)


def test_the_command_prints_saves_and_tells_a_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = np.array([[1.0, 1.01, 0.99, 1.02]])
    report.save(tmp_path / "a.json", models(runs, runs))
    report.save(tmp_path / "b.json", models(2.0 * runs, runs))
    files = [str(tmp_path / each) for each in NAMES]
    out = ["--out", str(tmp_path / "out" / "compare.json")]
    assert main(["compare", *files, *out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "out" / "compare.json").read_text())
    assert [each["verdict"] for each in told["differences"]] == ["worse", "same"]
    assert "1 of 2 metrics stand out" in (tmp_path / "out" / "report.html").read_text()
    assert main(["compare", *files, *out, "--fail-on-regression"]) == 3
    assert "1 worse" in capsys.readouterr().out
    assert main(["compare", *reversed(files), *out, "--fail-on-regression"]) == 0


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_file_that_is_no_result_is_one_sentence(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.json"
    if content is not None:
        file.write_text(content)
    assert main(["compare", str(file), str(file)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {file}")
    assert told.count("\n") == 1


@pytest.mark.parametrize("least", ["-0.1", "1", "few"])
def test_a_share_that_is_none_is_refused(least: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["compare", "a", "b", "--least", least])
    assert left.value.code == 2
    assert "expected a share" in capsys.readouterr().err

"""`perf capacity`: the arithmetic of nodes, what it reads off a curve, and what it refuses to plan with."""

import json
from pathlib import Path

import pytest

from perf import report
from perf.__main__ import main
from perf.capacity import policies
from perf.capacity.command import PUBLISHED, section
from perf.capacity.command import planned as planned_of
from perf.capacity.node import Node
from perf.capacity.plan import Demand
from perf.capacity.policies import Policy

MISSED = "p95 of partials is not below 1 s"


def step(rooms: int, partial_s: float = 0.3, *, verdict: str = "", **extra: object) -> dict[str, object]:
    """A step of a curve whose queue grows with the square of its rooms, pending requests with the rooms."""
    signals = {"queue_ms": 0.5 * rooms**2, "pending": 0.1 * rooms, "active_sequences": float(rooms)}
    seen = {"partial_p95_s": partial_s, "final_p99_s": 2 * partial_s, "server_cores": 0.2 * rooms}
    return {"rooms": rooms, "verdict": verdict, "memory_mb": 1000.0, "signals": signals} | seen | extra


def curve(
    *steps: dict[str, object], max_rooms: int | None = 10, limited_by: str = "slo"
) -> dict[str, object]:
    """A result of `perf rooms`."""
    return {
        "kind": "rooms",
        "commit": "abc",
        "machine": {"cpu": "EPYC", "cores": 2, "load_1min": 0.1},
        "profile": {"name": "mixed", "description": "talkers and quiet rooms"},
        "slo": {"partial_p95_s": 1.0, "final_p99_s": 2.0, "lost": 0},
        "max_rooms": max_rooms,
        "limited_by": limited_by,
        "curve": list(steps),
    }


WHOLE = curve(step(1), step(4), step(8), step(10, 0.9), step(11, 1.4, verdict=MISSED))


def planned(
    result: dict[str, object], rooms: int, headroom: float = 0.3, spare: int = 1, price: float | None = None
) -> dict[str, object]:
    return planned_of(result, "rooms.json", Demand(rooms, headroom, spare, price))


def told(found: dict[str, object]) -> str:
    said = found["assumptions"]
    assert isinstance(said, list)
    return "\n".join(said)


@pytest.mark.parametrize(
    ("rooms", "headroom", "spare", "per_node", "nodes", "with_spare", "may_fail"),
    [
        (1, 0.3, 1, 7, 1, 2, 1),
        (7, 0.3, 1, 7, 1, 2, 1),
        (8, 0.3, 1, 7, 2, 3, 2),
        (1000, 0.3, 1, 7, 143, 144, 44),
        (1000, 0.0, 0, 10, 100, 100, 0),
        (1001, 0.0, 2, 10, 101, 103, 2),
        (5, 0.9, 0, 1, 5, 5, 4),
    ],
)
def test_nodes(
    rooms: int, headroom: float, spare: int, per_node: int, nodes: int, with_spare: int, may_fail: int
) -> None:
    found = planned(WHOLE, rooms, headroom, spare)
    names = ("rooms_per_node", "nodes", "with_spare", "may_fail")
    assert tuple(found[name] for name in names) == (per_node, nodes, with_spare, may_fail)


def test_what_is_run_carries_the_rooms_with_head_room_after_the_spare_nodes_failed() -> None:
    for rooms in range(1, 60):
        found = planned(WHOLE, rooms, spare=2)
        nodes, per_node, may_fail = (found[name] for name in ("with_spare", "rooms_per_node", "may_fail"))
        assert isinstance(nodes, int)
        assert isinstance(per_node, int)
        assert isinstance(may_fail, int)
        assert (nodes - 2) * per_node >= rooms
        assert (nodes - may_fail) * 10 >= rooms > (nodes - may_fail - 1) * 10


def test_thresholds_are_read_off_the_curve_at_the_planned_rooms() -> None:
    found = planned(WHOLE, 100)
    # 7 rooms lie 3/4 of the way from 4 (8 ms) to 8 (32 ms)
    assert found["thresholds"] == {"queue_ms": 26.0, "pending": 0.7, "active_sequences": 7.0}
    assert found["limits"] == {"queue_ms": 50.0, "pending": 1.0, "active_sequences": 10.0}
    assert found["server_cores"] == pytest.approx(1.4)
    assert "interpolated linearly between 4 and 8 rooms" in told(found)
    assert "were measured at 8 rooms" in told(planned(WHOLE, 100, headroom=0.2))


def test_cost_is_of_all_nodes_and_only_for_a_price_that_was_given() -> None:
    assert planned(WHOLE, 1000, price=0.5)["cost"] == pytest.approx(72.0)  # 144 nodes, 1,000 rooms
    assert planned(WHOLE, 1, price=0.5)["cost"] == pytest.approx(1000.0)
    assert planned(WHOLE, 1000, price=0.0)["cost"] == 0
    free = planned(WHOLE, 1000)
    assert free["cost"] is None
    assert "No cost" in told(free)
    assert "cost" not in section(free).headline


def test_it_says_what_it_extrapolates() -> None:
    said = told(planned(WHOLE, 1000))
    assert "(EPYC, 2 cores)" in said
    assert "(mixed: talkers and quiet rooms)" in said
    assert "144 nodes are extrapolated from one" in said
    assert "measured once" in said
    assert not any(word in said for word in ("Noisy", "too short", "does not grow", "Others", "nothing was"))
    assert "extrapolated" not in told(planned(WHOLE, 1, spare=0))


@pytest.mark.parametrize(
    ("result", "warning"),
    [
        (curve(step(8), step(10), limited_by="rooms"), "The curve is too short: it ends with 10 rooms kept"),
        (curve(step(8), step(10), limited_by="rooms"), "The curve has 2 steps only"),
        (
            curve(step(4), step(10), step(16, 2.0, verdict=MISSED)),
            "up to 15: between 10 and 16 rooms nothing was measured",
        ),
        (
            curve(step(4), step(10), step(11, 1.1, verdict=MISSED), step(12, 0.9)),
            "Noisy: 12 rooms kept the service level again",
        ),
        (
            curve(
                step(4),
                step(10, runs={"partial_p95_s": [0.7, 1.2, 0.8], "final_p99_s": [1.0, 1.1, 2.0]}),
                step(11, 3.0, verdict=MISSED),
            ),
            "Noisy: 2 of 3 runs at 10 rooms went beyond a limit",
        ),
        (
            curve(step(4), step(10, signals={"queue_ms": 4.0}), step(11, verdict=MISSED)),
            "queue_ms does not grow from 7 to 10 rooms",
        ),
        (
            curve(step(4), step(10, signals=None), step(11, verdict=MISSED, signals=None)),
            "pending was not measured",
        ),
        (curve(step(10), step(11, verdict=MISSED)), "those of 10 rooms, the fewest measured: 7 were not"),
        (WHOLE | {"machine": {"cores": 2, "load_1min": 1.9}}, "Others were at work"),
    ],
)
def test_it_warns_of_a_curve_that_bears_little(result: dict[str, object], warning: str) -> None:
    assert warning in told(planned(result, 100))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (curve(step(1, 1.5, verdict=MISSED), max_rooms=0), f"not with its fewest rooms: {MISSED}"),
        (curve(step(1), max_rooms=None, limited_by="generator"), "the load generator was late"),
        (curve(step(1), max_rooms=3), "max_rooms 3: expected a number of rooms that is in its curve"),
        (curve(max_rooms=3), "curve is []: expected array of length >= 1"),
        (curve(step(1), max_rooms=1), "head-room 0.3 leaves a node, which carries 1 rooms, not one"),
        ({"kind": "models"}, "should be a result of `perf rooms`: kind is 'models': expected rooms"),
        (WHOLE | {"slo": {"lost": 0}}, "slo: object missing required field partial_p95_s"),
        (WHOLE | {"curve": [{"rooms": "many"}]}, "curve[0].rooms is 'many': expected int"),
    ],
)
def test_what_can_t_be_planned_with_is_refused(result: dict[str, object], message: str) -> None:
    with pytest.raises(RuntimeError) as refused:
        planned(result, 100)
    assert str(refused.value).startswith(("rooms.json", "head-room "))
    assert message in str(refused.value)


def test_the_command_prints_saves_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.save(tmp_path / "rooms.json", WHOLE)
    out = tmp_path / "out" / "capacity.json"
    arguments = [
        "capacity",
        str(tmp_path / "rooms.json"),
        "--rooms",
        "1000",
        "--price",
        "0.5",
        "--hours",
        "0",
        "--out",
        str(out),
    ]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(out.read_text())
    assert (found["kind"], found["commit"], found["with_spare"]) == ("capacity", "abc", 144)
    assert out.with_name("capacity-curve.png").read_bytes().startswith(b"\x89PNG")
    page = out.with_name("report.html").read_text()
    assert "1,000 rooms take 144 nodes, 1 of them spare" in page
    assert "extrapolated from one" in page
    assert main(arguments) == 0
    assert "1,000 room-hours cost 72.00" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--rooms"),
        (["--rooms", "0"], "0: expected a whole number, from 1 to 10000000"),
        (["--rooms", "1.5"], "1.5: expected a whole number"),
        (["--rooms", "5", "--headroom", "0.95"], "0.95: expected a share from 0 to 0.9"),
        (["--rooms", "5", "--headroom", "-0.1"], "expected a share from 0 to 0.9"),
        (["--rooms", "5", "--headroom", "nan"], "nan: expected a share"),
        (["--rooms", "5", "--price", "-1"], "-1: expected the price of a node-hour"),
        (["--rooms", "5", "--price", "inf"], "inf: expected the price"),
        (["--rooms", "5", "--spare", "-1"], "-1: expected a whole number, 0 or more"),
        (["--rooms", "20000000"], "20000000: expected a whole number, from 1 to 10000000"),
        (["--node-s", "-3"], "-3: expected seconds, from 0 to 3600"),
        (["--burst", "0.5"], "0.5: expected a factor from 1"),
        (["--burst-share", "2"], "2: expected a share from 0 to 1"),
        (["--burst-at", "23"], "23: expected an hour of the day"),
        (["--balance", "99"], "99: expected whole percent"),
        (["--failures", "nan"], "nan: expected failures of a replica in a day"),
        (["--seed", "x"], "x: expected a whole number"),
    ],
)
def test_wrong_options_are_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["capacity", *arguments])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "missing.json can't be read as a result"),
        ([str(PUBLISHED), "--slots", "13"], "13 slots: expected at most 12"),
    ],
)
def test_curves_that_can_t_be_used_are_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", *arguments, "--rooms", "5"]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.thorough
def test_the_policies_of_a_day_are_printed_saved_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command, on three of the policies and the first half hour: all take half a minute."""
    compared = policies.compared

    def few(shipped: Policy, node: Node, rooms: float) -> list[Policy]:
        names = ("rooms 60", "CPU 70", "shipped")
        return [policy for policy in compared(shipped, node, rooms) if policy.name.startswith(names)]

    monkeypatch.setattr(policies, "compared", few)
    out = tmp_path / "capacity.json"
    arguments = ["capacity", str(PUBLISHED), "--rooms", "500", "--price", "0.5"]
    arguments += ["--hours", "0.5", "--burst-at", "0.25"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found == json.loads(out.read_text())
    assert [row["policy"] for row in found["policies"]][-1] == "shipped (KEDA)"
    for row in found["policies"]:
        assert row["cost"] == pytest.approx(row["replica_hours"] * 0.5, rel=1e-3)
    assert "published.json (AMD EPYC, 2 cores, profile talkers" in " ".join(told.err.split())
    for name in ("curve", "policies", "burst"):
        assert out.with_name(f"capacity-{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "What is shipped (KEDA)" in out.with_name("report.html").read_text()

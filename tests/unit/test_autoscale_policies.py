"""What is compared and what is shipped: manifests as the cluster reads them, curves as nodes, the command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from perf import report
from perf.__main__ import main
from perf.autoscale import manifests, policies
from perf.autoscale import node as nodes
from perf.autoscale.cluster import Cluster, StartUp
from perf.autoscale.comparison import Scenario
from perf.autoscale.hpa import DEFAULTS, Pods, Rate
from perf.autoscale.keda import Fallback
from perf.autoscale.node import Node
from perf.autoscale.policy import Autoscaler, Metric, Policy
from perf.autoscale.rows import cheapest, rows
from perf.autoscale.traffic import HOUR_S, Burst, Traffic

NODE = nodes.load(nodes.PUBLISHED, None)
README = Path(__file__).parents[2] / "README.md"


def manifest(folder: Path, **changes: object) -> Path:
    """The shipped ScaledObject with other values in its first trigger's metadata, or in its spec."""
    document = yaml.safe_load(manifests.SCALED_OBJECT.read_text())
    metadata = document["spec"]["triggers"][0]["metadata"]
    for key, value in changes.items():
        (metadata if key in metadata else document["spec"])[key] = value
    path = folder / "scaledobject.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_keda_and_hpa_ship_the_same_policy() -> None:
    keda, hpa = manifests.scaled_object(), manifests.horizontal()
    assert keda.metrics == hpa.metrics == (Metric("rooms", "AverageValue", 0.7),)
    assert keda.behaviour == hpa.behaviour
    assert (keda.least, keda.most) == (hpa.least, hpa.most)
    assert keda.ignore_null is False
    assert keda.fallback is not None
    assert [policy.name for policy in policies.shipped(NODE, 500)] == ["shipped (KEDA)"]


def test_what_is_shipped_survives_prometheus_and_does_not_scale_down_without_it() -> None:
    scaler = Autoscaler(manifests.scaled_object(), NODE)
    pods = Pods(50, 50)
    for sync in range(60):
        assert scaler.decide(15.0 * sync, pods, None) == 50
    for sync in range(60, 120):
        assert scaler.decide(15.0 * sync, pods, {}) == 50


def test_what_is_shipped_is_on_the_frontier() -> None:
    """A fixed hour with a burst: it keeps the budgets, and what else does is at most a tenth cheaper.

    A tenth, because 75 % of the slots keeps them too, at the edge, and no longer where start-up is slower.
    """
    traffic = Traffic(2000, burst=Burst(0.25 * HOUR_S))
    scenario = Scenario(Cluster(), NODE, traffic, 1, HOUR_S)
    names = ("CPU 70", "queue", "rooms 60 %", "rooms 75 %", "rooms 90 %", "shipped")
    chosen = [policy for policy in policies.compared(NODE, traffic.rooms) if policy.name.startswith(names)]
    days = [(policy, scenario.by_occupancy(policy)) for policy in chosen]
    found = {row["policy"]: row for row in rows(days, 1.0)}
    mine = found["shipped (KEDA)"]
    assert mine["within"]
    assert mine["frontier"]
    best = cheapest(list(found.values()))
    assert best is not None
    assert mine["replica_hours"] < 1.1 * best["replica_hours"]
    assert not found["rooms 90 %"]["within"]
    assert not found["CPU 70 %, defaults"]["within"]
    queue = next(row for name, row in found.items() if name.startswith("queue"))
    for dearer in (found["rooms 60 %"], queue):
        assert dearer["replica_hours"] > 1.1 * mine["replica_hours"]


def test_what_is_shipped_bears_a_slower_start_up_better_than_75_percent() -> None:
    slow = Cluster(StartUp(node_s=165.0))
    scenario = Scenario(slow, NODE, Traffic(2000, burst=Burst(0.25 * HOUR_S)), 1, HOUR_S)
    shipped = manifests.scaled_object()
    shipped = replace(shipped, most=Policy.most)
    fuller = replace(shipped, metrics=(Metric("rooms", "AverageValue", 0.75),))
    bad = [scenario.by_occupancy(policy).bursting.bad_share for policy in (shipped, fuller)]
    assert bad[0] < 0.75 * bad[1]


def test_cpu_at_70_percent_never_sees_that_all_replicas_are_full() -> None:
    full = NODE.cpu[NODE.slots] / NODE.cores
    assert 0.7 < full < 0.77  # 73 %: within the autoscaler's tolerance of its target
    policy = Policy("cpu", (Metric("cpu", "Utilization", 70),))
    usage = float(NODE.cpu[NODE.slots]) * 10
    assert Autoscaler(policy, NODE).decide(0.0, Pods(10, 10), {"cpu": usage}) == 10


def test_a_scaled_object_s_defaults_are_keda_s(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    trigger = {
        "type": "prometheus",
        "metadata": {"query": "sum(liveroom:rooms_in_replicas:sum)", "threshold": "700m"},
    }
    cpu = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}
    path.write_text(yaml.safe_dump({"kind": "ScaledObject", "spec": {"triggers": [trigger, cpu]}}))
    policy = manifests.scaled_object(path)
    assert policy.metrics == (Metric("rooms", "AverageValue", 0.7), Metric("cpu", "Utilization", 60))
    assert policy.behaviour == DEFAULTS
    assert (policy.least, policy.most, policy.fallback, policy.ignore_null) == (0, 100, None, True)


def test_a_scaled_object_s_parts_are_read(tmp_path: Path) -> None:
    path = manifest(tmp_path, threshold="50", fallback={"failureThreshold": 2, "replicas": 9})
    policy = manifests.scaled_object(path)
    assert policy.metrics[0].target == 0.5
    assert policy.fallback == Fallback(2, 9, "static")
    assert Rate("Percent", 10, 60) in policy.behaviour.down.rates
    assert manifests.query(path) == "sum(liveroom:rooms_in_replicas:sum)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 0.7}, "threshold is 0.7: expected a string"),
        ({"threshold": "much"}, "threshold is 'much': expected a quantity"),
        ({"query": "sum(up)"}, "query is 'sum(up)': expected one recording rule out of liveroom:"),
        ({"triggers": []}, "at least one"),
        ({"fallback": {"behavior": "hope"}}, "behavior is 'hope': expected static"),
        ({"minReplicaCount": "two"}, "minReplicaCount is 'two': expected a whole number"),
    ],
)
def test_a_scaled_object_that_can_t_be_simulated_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(RuntimeError) as refused:
        manifests.scaled_object(manifest(tmp_path, **changes))
    assert "scaledobject.yaml" in str(refused.value)
    assert message in str(refused.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is no ScaledObject"):
        manifests.scaled_object(manifests.HPA)
    with pytest.raises(RuntimeError, match="can't be read"):
        manifests.horizontal(tmp_path / "missing.yaml")
    with pytest.raises(RuntimeError, match="no hash_balance_factor"):
        manifests.balance(manifests.HPA)
    assert manifests.balance() == Cluster().balance


def test_the_published_curve_is_the_readme_s() -> None:
    measured = report.load(nodes.PUBLISHED)
    steps = measured["curve"]
    assert isinstance(steps, list)
    for step in steps:
        row = next(
            line
            for line in README.read_text().splitlines()
            if line.startswith(f"| {step['rooms']} | 0.") or line.startswith(f"| {step['rooms']} | 1.")
        )
        cells = row.split("|")
        assert f"{step['partial_p95_s']:.2f}" in cells[2]
        assert f"{step['final_p99_s']:.2f}" in cells[3]
        assert f"{step['server_cores']:.1f}" in cells[5]


def test_a_node_is_linear_between_steps_and_nothing_without_rooms() -> None:
    assert (NODE.limit, NODE.slots, NODE.cores) == (7, 7, 2.0)
    assert NODE.cpu[0] == NODE.pending[0] == NODE.queue_s[0] == 0
    assert NODE.cpu[5] == pytest.approx((0.909 + 1.327) / 2)
    assert NODE.queue_s[7] == pytest.approx(0.003626)
    assert NODE.approximated == ()


def test_signals_that_were_not_measured_are_approximated_and_said(tmp_path: Path) -> None:
    measured = report.load(nodes.PUBLISHED)
    assert isinstance(measured["curve"], list)
    for step in measured["curve"]:
        del step["signals"]
    report.save(tmp_path / "rooms.json", measured)
    found = nodes.load(tmp_path / "rooms.json", None)
    assert found.approximated == ("pending", "queue_ms")
    assert all(found.pending[1:] > 0)
    assert list(found.pending) == sorted(found.pending)


def test_waiting_requests_are_those_of_m_d_1() -> None:
    # Pollaczek-Khinchine for constant service: load^2 / (2 (1 - load))
    for load in (0.1, 0.5, 0.9):
        assert nodes.waiting_requests(load, 1) == pytest.approx(load**2 / (2 * (1 - load)))
    assert nodes.waiting_requests(0.8, 2) < nodes.waiting_requests(0.8, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rooms", "0"], "0: expected a whole number, 1 or more"),
        (["--rooms", "20000000"], "20000000: expected at most 10000000 rooms"),
        (["--price", "-1"], "-1: expected the price of a replica-hour"),
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
        main(["autoscale", *arguments])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "missing.json can't be read as a result"),
        ([str(nodes.PUBLISHED), "--slots", "13"], "13 slots: expected at most 12"),
    ],
)
def test_curves_that_can_t_be_used_are_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["autoscale", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_the_command_prints_saves_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command, on three of the policies and the first hours of the day: all take half a minute."""
    compared = policies.compared

    def few(node: Node, rooms: float) -> list[Policy]:
        names = ("rooms 60", "CPU 70", "shipped")
        return [policy for policy in compared(node, rooms) if policy.name.startswith(names)]

    monkeypatch.setattr(policies, "compared", few)
    out = tmp_path / "autoscale.json"
    arguments = ["autoscale", str(nodes.PUBLISHED), "--rooms", "500", "--price", "0.5"]
    arguments += ["--hours", "0.5", "--burst-at", "0.25"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found == json.loads(out.read_text())
    assert [row["policy"] for row in found["rows"]][-1] == "shipped (KEDA)"
    for row in found["rows"]:
        assert row["cost"] == pytest.approx(row["replica_hours"] * 0.5, rel=1e-3)
    assert "published.json (AMD EPYC, 2 cores, profile talkers" in told.err
    for name in ("policies", "burst"):
        assert out.with_name(f"autoscale-{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "What is shipped (KEDA)" in out.with_name("report.html").read_text()

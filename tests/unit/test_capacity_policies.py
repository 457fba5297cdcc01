"""What is compared and what is shipped: manifests as the cluster reads them, curves as nodes."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from perf import report
from perf.capacity import manifests, policies
from perf.capacity.command import PUBLISHED
from perf.capacity.curve import read
from perf.capacity.hpa import DEFAULTS, Pods, Rate
from perf.capacity.keda import Fallback
from perf.capacity.node import node, waiting_requests
from perf.capacity.policies import Autoscaler, Metric, Policy
from perf.capacity.policy_rows import cheapest, frontier, rows
from perf.capacity.scenario import Cluster, Scenario, StartUp
from perf.capacity.simulation import simulate
from perf.capacity.traffic import HOUR_S, Burst, Traffic

MEASURED = report.load(PUBLISHED)
NODE = node(read(MEASURED, "published.json"), None, MEASURED, "published.json")
SHIPPED = manifests.scaled_object()
HPA = manifests.BASE / "autoscaling" / "hpa.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "measuring.md"


def manifest(folder: Path, **changes: object) -> Path:
    """The shipped ScaledObject with other values in its first trigger's metadata, or in its spec."""
    document = yaml.safe_load(manifests.SCALED_OBJECT.read_text())
    metadata = document["spec"]["triggers"][0]["metadata"]
    for key, value in changes.items():
        (metadata if key in metadata else document["spec"])[key] = value
    path = folder / "scaledobject.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_what_is_shipped_scales_by_rooms_and_comes_last() -> None:
    assert SHIPPED.metrics == (Metric("rooms", "AverageValue", 0.7),)
    assert SHIPPED.behavior.down.window_s == 600
    assert SHIPPED.behavior.up.rates == (Rate("Percent", 200, 15), Rate("Pods", 8, 15))
    assert SHIPPED.ignore_null is False
    assert SHIPPED.fallback is not None
    assert policies.compared(SHIPPED, NODE, 500)[-1] == SHIPPED
    assert policies.compared(SHIPPED, NODE, 5000)[-1].most == Policy.most, "200 replicas are too few then"


def test_what_is_shipped_survives_prometheus_and_does_not_scale_down_without_it() -> None:
    scaler = Autoscaler(SHIPPED, NODE)
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
    chosen = [
        policy for policy in policies.compared(SHIPPED, NODE, traffic.rooms) if policy.name.startswith(names)
    ]
    days = [(policy, simulate(scenario, policy)) for policy in chosen]
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
    shipped = replace(SHIPPED, most=Policy.most)
    fuller = replace(shipped, metrics=(Metric("rooms", "AverageValue", 0.75),))
    bad = [simulate(scenario, policy).bursting.bad_share for policy in (shipped, fuller)]
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
    assert policy.behavior == DEFAULTS
    assert (policy.least, policy.most, policy.fallback, policy.ignore_null) == (0, 100, None, True)


def test_a_scaled_object_s_parts_are_read(tmp_path: Path) -> None:
    path = manifest(tmp_path, threshold="50", fallback={"failureThreshold": 2, "replicas": 9})
    policy = manifests.scaled_object(path)
    assert policy.metrics[0].target == 0.5
    assert policy.fallback == Fallback(2, 9, "static")
    assert Rate("Percent", 10, 60) in policy.behavior.down.rates


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 0.7}, "spec.triggers[0].metadata.threshold is 0.7: expected str"),
        ({"threshold": "much"}, "spec.triggers[0]: threshold is 'much': expected a quantity"),
        ({"query": "sum(up)"}, "query is 'sum(up)': expected one recording rule out of liveroom:"),
        ({"triggers": []}, "spec.triggers is []: expected array of length >= 1"),
        ({"fallback": {"behavior": "hope"}}, "behavior is 'hope': expected currentReplicas or"),
        ({"minReplicaCount": "two"}, "spec.minReplicaCount is 'two': expected int"),
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
    with pytest.raises(RuntimeError, match="kind is 'HorizontalPodAutoscaler': expected ScaledObject"):
        manifests.scaled_object(HPA)
    with pytest.raises(RuntimeError, match="can't be read"):
        manifests.scaled_object(tmp_path / "missing.yaml")
    with pytest.raises(RuntimeError, match="no hash_balance_factor"):
        manifests.balance(HPA)
    assert manifests.balance() == Cluster().balance


def test_the_published_curve_is_that_of_the_docs() -> None:
    steps = MEASURED["curve"]
    assert isinstance(steps, list)
    for step in steps:
        row = next(
            line
            for line in PAGE.read_text(encoding="utf-8").splitlines()
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


def test_signals_that_were_not_measured_are_approximated_and_said() -> None:
    measured = report.load(PUBLISHED)
    assert isinstance(measured["curve"], list)
    for step in measured["curve"]:
        del step["signals"]
    found = node(read(measured, "rooms.json"), None, measured, "rooms.json")
    assert found.approximated == ("pending", "queue_ms")
    assert all(found.pending[1:] > 0)
    assert list(found.pending) == sorted(found.pending)


def test_waiting_requests_are_those_of_m_d_1() -> None:
    # Pollaczek-Khinchine for constant service: load^2 / (2 (1 - load))
    for load in (0.1, 0.5, 0.9):
        assert waiting_requests(load, 1) == pytest.approx(load**2 / (2 * (1 - load)))
    assert waiting_requests(0.8, 2) < waiting_requests(0.8, 1)


def test_the_frontier_forgives_noise() -> None:
    points = [(200.0, 1e-4), (201.0, 1.1e-4), (250.0, 2e-4), (150.0, 1e-2)]
    assert frontier(points) == [True, True, False, True]

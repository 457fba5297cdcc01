"""The autoscaler's formulas, against worked examples: of Kubernetes' documentation, and its own test tables.

Cases named after Go tests are of pkg/controller/podautoscaler: replica_calculator_test, horizontal_test.
"""

import pytest

from perf.capacity import hpa
from perf.capacity.hpa import DEFAULTS, Behavior, Hpa, Pods, Rate, Rules
from perf.capacity.keda import Fallback, QueryError, Trigger, answer

QUICK = Rules((Rate("Percent", 100, 15),), 0.0)


@pytest.mark.parametrize(
    ("metric", "target", "replicas", "expected"),
    [
        (8600, 2222, 3, 4),  # TestScaleUpPerPodCMExternal
        (8600, 3000, 5, 3),  # TestScaleDownPerPodCMExternal
        (8600, 2200, 4, 4),  # TestTolerancePerPodCMExternal
        (3.5, 0.7, 2, 5),  # 3.5 / 0.7 is not 5.000000001 pods
        (0, 0.7, 5, 0),
    ],
)
def test_an_average_value_is_the_metric_over_the_target(
    metric: float, target: float, replicas: int, expected: int
) -> None:
    assert hpa.average_value(metric, target, Pods(replicas, 1), DEFAULTS) == expected


def test_what_has_been_ordered_is_not_ordered_again() -> None:
    ordered = Pods(replicas=10, ready=4, starting=6)
    assert hpa.average_value(7.0, 0.7, ordered, DEFAULTS) == 10
    assert hpa.value(1.4, 0.7, ordered, DEFAULTS) == 8


@pytest.mark.parametrize(
    ("metric", "target", "replicas", "expected"),
    [
        (8600, 6666, 3, 4),  # TestScaleUpCMExternal
        (8600, 14400, 5, 3),  # TestScaleDownCMExternal
        (8600, 8666, 4, 4),  # TestToleranceCMExternal
        (90, 75, 50, 60),  # the algorithm's documentation: 50 * 90 / 75
        (80, 75, 50, 50),  # within the tolerance of 0.1
        (200, 100, 3, 6),  # "200m, desired 100m": doubled
        (50, 100, 6, 3),  # "50m": halved
    ],
)
def test_a_value_multiplies_ready_pods(metric: float, target: float, replicas: int, expected: int) -> None:
    assert hpa.value(metric, target, Pods(replicas, replicas), DEFAULTS) == expected


@pytest.mark.parametrize(
    ("levels", "target", "pods", "expected"),
    [
        ((300, 500, 700), 30, Pods(3, 3), 5),  # TestReplicaCalcScaleUp
        ((500, 700), 30, Pods(3, 2, starting=1), 4),  # ...ScaleUpUnreadyLessScale
        ((400,), 30, Pods(3, 1, starting=2), 3),  # ...ScaleUpUnreadyNoScale
        ((640,), 30, Pods(2, 1, starting=1), 2),  # 213 % of the target, 107 % with one that is idle
        ((1900,), 100, Pods(2, 1, missing=1), 2),  # ...MissingMetricsNoChangeGt
        ((600,), 100, Pods(2, 1, missing=1), 2),  # ...MissingMetricsNoChangeLt
        ((450,), 50, Pods(3, 1, 1, 1), 3),  # ...MissingMetricsUnreadyChange
        ((2000,), 50, Pods(3, 1, 1, 1), 4),  # ...MissingMetricsUnreadyScaleUp
        ((100, 100), 50, Pods(4, 2, 1, 1), 3),  # ...MissingMetricsUnreadyScaleDown
    ],
)
def test_utilization_counts_pods_without_metrics_so_that_they_calm(
    levels: tuple[int, ...], target: int, pods: Pods, expected: int
) -> None:
    assert hpa.utilization(sum(levels), 1000, target, pods, DEFAULTS) == expected


def test_utilization_without_a_ready_pod_is_no_metric() -> None:
    assert hpa.utilization(0.0, 1000, 50, Pods(2, 0, 2), DEFAULTS) is None


def test_of_several_metrics_the_largest_counts_and_a_missing_one_keeps_replicas() -> None:
    assert hpa.largest([3, 7, 5], 4) == 7
    assert hpa.largest([3, None], 4) == 4
    assert hpa.largest([6, None], 4) == 6
    assert hpa.largest([None], 4) == 4


def test_tolerance_can_differ_by_direction() -> None:
    lively = Behavior(Rules(QUICK.rates, 0.0, tolerance=0.0), Rules(QUICK.rates, 0.0, tolerance=0.5))
    assert hpa.value(1.05, 1.0, Pods(100, 100), lively) == 105
    assert hpa.value(0.55, 1.0, Pods(100, 100), lively) == 100


def test_up_by_default_doubles_or_adds_four_each_15_s() -> None:
    scaler, replicas, seen = Hpa(DEFAULTS, 1, 200), 3, []
    for sync in range(8):
        replicas = scaler.decide(15.0 * sync, replicas, 500)
        seen.append(replicas)
    assert seen == [7, 14, 28, 56, 112, 200, 200, 200]


def test_down_by_ten_percent_a_minute_rounds_down() -> None:
    behavior = Behavior(QUICK, Rules((Rate("Percent", 10, 60),), 0.0))
    scaler, replicas, seen = Hpa(behavior, 1, 200), 80, []
    for sync in range(13):
        replicas = scaler.decide(15.0 * sync, replicas, 10)
        seen.append(replicas)
    # the documentation's 80 -> 72 -> 64 (not 64.8) -> 57, one step a minute and none between
    assert seen[::4] == [72, 64, 57, 51]
    assert len(set(seen)) == 4


def test_the_documentation_s_four_pods_or_ten_percent_a_minute() -> None:
    rates = (Rate("Pods", 4, 60), Rate("Percent", 10, 60))
    for select, expected in (("Max", 72), ("Min", 76), ("Disabled", 80)):
        scaler = Hpa(Behavior(QUICK, Rules(rates, 0.0, select)), 1, 200)  # type: ignore[arg-type]
        assert scaler.decide(0.0, 80, 10) == expected


def test_a_window_takes_the_highest_recent_wish_before_it_scales_down() -> None:
    scaler = Hpa(Behavior(QUICK, Rules(QUICK.rates, 60.0)), 1, 100)
    wishes = [10, 4, 8, 4, 4, 4, 4, 4]
    found, replicas = [], 10
    for sync, wish in enumerate(wishes):
        replicas = scaler.decide(15.0 * sync, replicas, wish)
        found.append(replicas)
    assert found == [10, 10, 10, 10, 8, 8, 4, 4]


def test_a_window_takes_the_lowest_recent_wish_before_it_scales_up() -> None:
    scaler = Hpa(Behavior(Rules(QUICK.rates, 30.0), QUICK), 1, 100)
    assert [scaler.decide(15.0 * at, 10, wish) for at, wish in enumerate((10, 20, 20, 20))] == [
        10,
        10,
        20,
        20,
    ]


def test_bounds_come_before_metrics_and_after_them() -> None:
    scaler = Hpa(DEFAULTS, 5, 8)
    assert scaler.decide(0.0, 2, 100) == 5
    assert scaler.decide(15.0, 20, 1) == 8
    assert scaler.decide(30.0, 6, 100) == 8


def test_an_answer_is_one_finite_number() -> None:
    assert answer([2.5], ignore_null=False) == 2.5
    assert answer([], ignore_null=True) == 0.0
    assert answer([float("inf")], ignore_null=True) == 0.0
    for elements, message in (([1.0, 2.0], "2 elements"), ([], "nothing"), (None, "did not answer")):
        with pytest.raises(QueryError, match=message):
            answer(elements, ignore_null=False)
    with pytest.raises(QueryError):
        answer(None, ignore_null=True)


def test_fallback_comes_after_more_failures_than_its_threshold_and_ends_with_an_answer() -> None:
    trigger = Trigger(0.7, Fallback(3, 8, "currentReplicasIfHigher"))
    assert [trigger.metric(None, 5) for _ in range(3)] == [None, None, None]
    told = trigger.metric(None, 5)
    assert told is not None
    assert hpa.average_value(told, 0.7, Pods(5, 5), DEFAULTS) == 8
    told = trigger.metric(None, 20)
    assert told is not None
    assert hpa.average_value(told, 0.7, Pods(20, 20), DEFAULTS) == 20
    assert trigger.metric([4.0], 20) == 4.0
    assert trigger.metric(None, 20) is None


def test_without_a_fallback_an_outage_is_no_metric_but_ignored_nulls_are_no_load() -> None:
    assert [Trigger(0.7).metric(None, 5) for _ in range(9)] == [None] * 9
    assert Trigger(0.7).metric([], 5) == 0.0
    assert Trigger(0.7, ignore_null=False).metric([], 5) is None

"""Both simulations: that they agree, that the gateway's bound is Envoy's, what each part of a day does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from perf.autoscale import node as nodes
from perf.autoscale.cluster import Cluster, StartUp, bound
from perf.autoscale.comparison import Scenario, frontier
from perf.autoscale.events import Events
from perf.autoscale.ledger import Books
from perf.autoscale.node import Node
from perf.autoscale.occupancy import Occupancy
from perf.autoscale.policies import SLOW_DOWN
from perf.autoscale.policy import Metric, Policy
from perf.autoscale.traffic import HOUR_S, Burst, Start, Stay, Traffic

NODE = nodes.load(nodes.PUBLISHED, None)
CALM = Cluster(balance=120, failures_per_day=0.0)
"""A looser balance than the shipped one: more rooms meet a full replica, so that differences show."""


def by_rooms(target: float) -> Policy:
    return Policy("rooms", (Metric("rooms", "AverageValue", target),), SLOW_DOWN)


def fixed(replicas: int) -> Policy:
    return Policy("fixed", (), least=replicas)


def played(
    starts: list[Start], policy: Policy, until_s: float, cluster: Cluster = CALM, node: Node = NODE
) -> Books:
    """Rooms one by one from 0 on, on two replicas, or as many as the policy's least."""
    run = Events(cluster, node, policy, Books(), seed=1)
    return run.run(starts, 0.0, until_s, replicas=policy.least)


def test_the_simulations_agree() -> None:
    """The counts against the rooms: 5 times two hours with a burst, failures and too few replicas, of each.

    Tolerances are four standard errors of the mean, as seen over 30 seeds, and a tenth for what the counts
    leave out.
    """
    policy = by_rooms(0.85)
    traffic = Traffic(300, burst=Burst(HOUR_S))
    found: dict[str, list[Books]] = {"occupancy": [], "events": []}
    for seed in range(5):
        scenario = Scenario(replace(CALM, failures_per_day=2.0), NODE, traffic, seed, 2 * HOUR_S)
        found["occupancy"].append(scenario.by_occupancy(policy))
        found["events"].append(scenario.by_events(policy))

    def differ(measure: Callable[[Books], float]) -> float:
        counts, rooms = (np.mean([measure(books) for books in found[each]]) for each in found)
        return float(counts / rooms - 1)

    assert abs(differ(lambda books: books.day.starts)) < 0.1
    assert abs(differ(lambda books: books.day.room_s)) < 0.15
    assert abs(differ(lambda books: books.day.replica_s / books.day.room_s)) < 0.06
    assert abs(differ(lambda books: books.day.refused)) < 0.4
    assert abs(differ(lambda books: books.day.waiting_s)) < 0.6
    assert abs(differ(lambda books: books.day.moved)) < 0.4
    assert abs(differ(lambda books: books.day.late_s)) < 0.6


def test_the_cost_of_counts_does_not_grow_with_the_rooms() -> None:
    """A million rooms behave like a thousand times a thousand, to a tenth."""
    shares = []
    for rooms in (10_000, 1_000_000):
        scenario = Scenario(CALM, NODE, Traffic(rooms), 1, HOUR_S)
        day = scenario.by_occupancy(by_rooms(0.7)).day
        shares.append(day.replica_s / day.room_s)
    assert shares[0] == pytest.approx(shares[1], rel=0.1)


@pytest.mark.parametrize(
    ("rooms", "replicas", "balance", "expected"),
    [(0, 4, 120, 1), (19, 4, 120, 6), (20, 4, 120, 7), (20, 4, 100, 6), (139, 20, 110, 8), (0, 1, 120, 2)],
)
def test_the_bound_is_envoy_s(rooms: int, replicas: int, balance: int, expected: int) -> None:
    # 19 open and one more on 4 hosts at 120 %: (20 * 120 + 99) / 100 = 24 slots, 6 each
    assert bound(rooms, replicas, balance) == expected


@pytest.mark.parametrize("run", [Scenario.by_occupancy, Scenario.by_events])
def test_the_gateway_keeps_replicas_about_equal(run: Callable[[Scenario, Policy], Books]) -> None:
    """Of 60 rooms on 20 replicas none has over 6: 120 % of the mean, rounded up, and one. By lot some do."""
    node = replace(NODE, limit=6)
    flat = Traffic(60, trough=1.0)

    def late_s(balance: int) -> float:
        scenario = Scenario(replace(CALM, balance=balance), node, flat, 2, 3 * HOUR_S)
        return run(scenario, fixed(20)).day.late_s

    assert late_s(120) == 0
    assert late_s(1000) > 0


@pytest.mark.parametrize("run", [Scenario.by_occupancy, Scenario.by_events])
def test_who_tries_again_seldom_waits_longer(run: Callable[[Scenario, Policy], Books]) -> None:
    traffic = Traffic(300, burst=Burst(0.5 * HOUR_S))

    def wait_s(retry_s: float) -> float:
        scenario = Scenario(replace(CALM, retry_s=retry_s), NODE, traffic, 1, HOUR_S)
        day = run(scenario, by_rooms(0.9)).day
        return day.waiting_s / day.refused

    assert wait_s(60.0) > 1.4 * wait_s(5.0)


def test_nobody_is_placed_beyond_the_slots_and_all_are_served_once_there_is_room() -> None:
    rooms = [Start(float(at), 10_000.0) for at in range(20)]
    books = played(rooms, fixed(2), 600.0)
    assert books.timeline[-1].rooms == 14
    assert books.day.refused == 6
    assert books.day.gave_up == 6
    assert books.day.waiting_s == pytest.approx(6 * CALM.patience_s)
    enough = played(rooms, by_rooms(0.7), 600.0)
    assert enough.day.gave_up == 0
    assert enough.timeline[-1].rooms == 20
    # six rooms wait for the metric, the autoscaler and the start-up, and no longer than the client's retry
    wait_s = enough.day.waiting_s / enough.day.refused
    assert CALM.start_up.order_s - 20 < wait_s < CALM.start_up.order_s + 60


def test_new_replicas_relieve_nobody_who_is_on_a_full_one() -> None:
    deep = nodes.load(nodes.PUBLISHED, slots=12)
    rooms = [Start(float(at), 10_000.0) for at in range(20)]
    books = played(rooms, by_rooms(0.5), 1200.0, node=deep)
    late = books.day.late_s
    # more than 7 rooms on a replica are late, although 20 rooms have had four replicas for most of the time
    assert books.timeline[-1].ready == 4
    assert late > 0.5 * books.day.room_s


def test_a_replica_that_fails_gives_its_rooms_to_others_and_comes_back() -> None:
    """One replica of three fails about every other hour, and the rooms go on."""
    failing = replace(CALM, failures_per_day=12.0)
    rooms = [Start(float(at), 36_000.0) for at in range(9)]
    books = played(rooms, fixed(3), 6 * HOUR_S, failing)
    day = books.day
    assert day.moved > 5
    assert day.dropped == 0
    assert day.gap_s == pytest.approx(day.moved * failing.gap_s)
    assert books.timeline[-1].rooms == 9
    assert all(moment.replicas == 3 for moment in books.timeline)


def test_rooms_that_find_no_replica_within_the_client_s_patience_are_dropped() -> None:
    slow = replace(CALM, failures_per_day=24.0, start_up=StartUp(load_s=300.0))
    books = played([Start(0.0, 86_000.0)], fixed(1), 6 * HOUR_S, slow)
    assert books.day.dropped == 1
    assert books.timeline[-1].rooms == 0


def test_scaling_down_moves_rooms_and_their_replay_makes_others_late() -> None:
    rooms = [Start(float(at), 36_000.0 if at % 2 else 60.0) for at in range(60)]
    policy = replace(by_rooms(0.7), least=2)
    cluster = replace(CALM, start_up=StartUp(1.0, 1.0, 1.0, 1.0))
    books = played(rooms, policy, 3 * HOUR_S, cluster)
    assert books.peak > books.timeline[-1].replicas
    assert books.day.moved > 0
    assert books.day.gap_s >= books.day.moved * cluster.gap_s
    free = played(rooms, policy, 3 * HOUR_S, replace(cluster, replay_rooms=0))
    heavy = played(rooms, policy, 3 * HOUR_S, replace(cluster, replay_rooms=7))
    assert free.day.late_s == 0
    assert heavy.day.late_s > 0


def test_both_count_the_same_money() -> None:
    for run in (Scenario.by_occupancy, Scenario.by_events):
        day = run(Scenario(CALM, NODE, Traffic(50), 3, HOUR_S), fixed(20)).day
        assert day.replica_s == pytest.approx(20 * HOUR_S, rel=0.01)
        assert day.per_1000_room_hours(0.5) == pytest.approx(500 * day.replica_s / day.room_s)


def test_traffic_has_its_peak_its_trough_its_burst_and_its_stays() -> None:
    burst = Burst(10 * HOUR_S, factor=50, share=0.01, within_s=120)
    traffic = Traffic(5000, burst=burst, stays=(Stay(1.0, 600.0),))
    shapes = [traffic.shape(hour * HOUR_S) for hour in range(24)]
    assert max(shapes) == 1.0
    assert min(shapes) < 0.5
    regular = traffic.rate(burst.at_s - 1)
    more = (traffic.rate(burst.at_s + 60) - regular) * burst.within_s
    assert more == pytest.approx(0.49 * 5000 * traffic.shape(burst.at_s), rel=0.01)
    starts = list(traffic.starts(0.0, 1800.0, np.random.default_rng(5)))
    expected = sum(traffic.rate(float(second)) for second in range(1800))
    assert len(starts) == pytest.approx(expected, rel=0.05)
    assert [start.at_s for start in starts] == sorted(start.at_s for start in starts)
    assert np.mean([start.stay_s for start in starts]) == pytest.approx(600, rel=0.05)


def test_occupancy_keeps_count_of_its_rooms() -> None:
    """Nobody leaves who has not come, and nobody comes twice: 3 hours without arrivals empty the replicas."""
    silent = Traffic(1e-9, stays=(Stay(1.0, 600.0),))
    run = Occupancy(CALM, NODE, silent, fixed(30), Books(), 1)
    books = run.run(0.0, 3 * HOUR_S, replicas=30, rooms=200)
    rooms = [moment.rooms for moment in books.timeline]
    assert rooms[0] > 190
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[-1] == 0
    # 200 rooms of 10 minutes each
    assert books.day.room_s == pytest.approx(200 * 600, rel=0.15)


def test_the_frontier_forgives_noise() -> None:
    points = [(200.0, 1e-4), (201.0, 1.1e-4), (250.0, 2e-4), (150.0, 1e-2)]
    assert frontier(points) == [True, True, False, True]

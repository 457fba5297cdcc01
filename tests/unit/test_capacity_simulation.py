"""The simulated day: that the gateway's bound is Envoy's, that counts add up, and what each part does."""

from dataclasses import replace

import pytest

from perf import report
from perf.capacity.command import PUBLISHED
from perf.capacity.curve import read
from perf.capacity.ledger import Books
from perf.capacity.node import Node, node
from perf.capacity.policies import SLOW_DOWN, Metric, Policy
from perf.capacity.scenario import Cluster, Scenario, StartUp, bound
from perf.capacity.simulation import Simulation, simulate
from perf.capacity.traffic import HOUR_S, Burst, Stay, Traffic

MEASURED = report.load(PUBLISHED)
NODE = node(read(MEASURED, "published.json"), None, MEASURED, "published.json")
DEEP = node(read(MEASURED, "published.json"), 12, MEASURED, "published.json")
CALM = Cluster(balance=120, failures_per_day=0.0)
"""A looser balance than the shipped one: more rooms meet a full replica, so that differences show."""
NOBODY = Traffic(1e-9, stays=(Stay(1.0, 1e9),))
"""Nobody comes, and who is there stays."""


def by_rooms(target: float) -> Policy:
    return Policy("rooms", (Metric("rooms", "AverageValue", target),), SLOW_DOWN)


def fixed(replicas: int) -> Policy:
    return Policy("fixed", (), least=replicas)


def played(
    traffic: Traffic,
    policy: Policy,
    until_s: float,
    cluster: Cluster = CALM,
    node: Node = NODE,
    *,
    replicas: int,
    rooms: int = 0,
) -> Books:
    """From 0 on, with so many replicas and rooms at first."""
    run = Simulation(Scenario(cluster, node, traffic, 1), policy)
    return run.run(0.0, until_s, replicas=replicas, rooms=rooms)


def test_the_cost_of_counts_does_not_grow_with_the_rooms() -> None:
    """A million rooms behave like a thousand times a thousand, to a tenth."""
    shares = []
    for rooms in (10_000, 1_000_000):
        day = simulate(Scenario(CALM, NODE, Traffic(rooms), 1, HOUR_S), by_rooms(0.7)).day
        shares.append(day.replica_s / day.room_s)
    assert shares[0] == pytest.approx(shares[1], rel=0.1)


@pytest.mark.parametrize(
    ("rooms", "replicas", "balance", "expected"),
    [(0, 4, 120, 1), (19, 4, 120, 6), (20, 4, 120, 7), (20, 4, 100, 6), (139, 20, 110, 8), (0, 1, 120, 2)],
)
def test_the_bound_is_envoy_s(rooms: int, replicas: int, balance: int, expected: int) -> None:
    # 19 open and one more on 4 hosts at 120 %: (20 * 120 + 99) / 100 = 24 slots, 6 each
    assert bound(rooms, replicas, balance) == expected


def test_the_gateway_keeps_replicas_about_equal() -> None:
    """Of 60 rooms on 20 replicas none has over 6: 120 % of the mean, rounded up, and one. By lot some do."""
    node, flat = replace(NODE, limit=6), Traffic(60, trough=1.0)

    def late_s(balance: int) -> float:
        scenario = Scenario(replace(CALM, balance=balance), node, flat, 2, 3 * HOUR_S)
        return simulate(scenario, fixed(20)).day.late_s

    assert late_s(120) == 0
    assert late_s(1000) > 0


def test_who_tries_again_seldom_waits_longer() -> None:
    traffic = Traffic(300, burst=Burst(0.5 * HOUR_S))

    def wait_s(retry_s: float) -> float:
        day = simulate(Scenario(replace(CALM, retry_s=retry_s), NODE, traffic, 1, HOUR_S), by_rooms(0.9)).day
        return day.waiting_s / day.refused

    assert wait_s(60.0) > 1.4 * wait_s(5.0)


def test_nobody_is_placed_beyond_the_slots_and_all_are_served_once_there_is_room() -> None:
    """A thousand rooms want to open within two minutes, of which a hundred replicas take seven hundred."""
    coming = Traffic(50.0, trough=1.0, stays=(Stay(1.0, 1e7),), burst=Burst(0.0, 21.0, 1.0))
    books = played(coming, fixed(100), 1200.0, replicas=100)
    assert books.timeline[-1].rooms == 700
    day = books.day
    assert day.gave_up == day.starts - 700 == pytest.approx(300, rel=0.1)
    assert day.gave_up <= day.refused < 1.1 * day.gave_up
    assert 0.98 * day.gave_up * CALM.patience_s <= day.waiting_s <= day.refused * CALM.patience_s
    enough = played(coming, by_rooms(0.7), 1200.0, replicas=100)
    assert enough.day.gave_up < 0.005 * enough.day.starts, "hardly anybody waits for longer than a start-up"
    assert enough.timeline[-1].rooms == enough.day.starts - enough.day.gave_up


def test_new_replicas_relieve_nobody_who_is_on_a_full_one() -> None:
    books = played(NOBODY, by_rooms(0.5), 1200.0, node=DEEP, replicas=20, rooms=200)
    # ten rooms on a replica are late, although 200 rooms have had 34 replicas for most of the time
    assert books.timeline[-1].ready == 34
    assert books.day.late_s == pytest.approx(books.day.room_s)


def test_a_replica_that_fails_gives_its_rooms_to_others_and_comes_back() -> None:
    """Each of 30 replicas fails about every other hour, and the rooms go on."""
    failing = replace(CALM, failures_per_day=12.0)
    books = played(NOBODY, fixed(30), 6 * HOUR_S, failing, replicas=30, rooms=90)
    day = books.day
    assert day.moved == pytest.approx(12 / 4 * 90, rel=0.4)
    assert day.dropped == 0
    assert day.gap_s == pytest.approx(day.moved * failing.gap_s)
    assert books.timeline[-1].rooms == 90
    assert all(moment.replicas == 30 for moment in books.timeline)


def test_rooms_that_find_no_replica_within_the_client_s_patience_are_dropped() -> None:
    slow = replace(CALM, failures_per_day=24.0, start_up=StartUp(load_s=300.0))
    books = played(NOBODY, fixed(1), 6 * HOUR_S, slow, replicas=1, rooms=1)
    assert books.day.dropped == 1
    assert books.timeline[-1].rooms == 0


def test_scaling_down_moves_rooms_and_their_replay_makes_others_late() -> None:
    def day(replay_rooms: int) -> Books:
        cluster = replace(CALM, replay_rooms=replay_rooms)
        return played(NOBODY, by_rooms(0.7), 3 * HOUR_S, cluster, replicas=60, rooms=200)

    books = day(0)
    assert 41 <= books.timeline[-1].replicas <= 45, "within the tolerance of 200 rooms at 70 % of 7 slots"
    assert books.day.moved > 0
    assert books.day.gap_s >= books.day.moved * CALM.gap_s
    assert books.day.late_s == 0
    assert day(7).day.late_s > 0


def test_money_is_counted_from_replica_hours() -> None:
    day = simulate(Scenario(CALM, NODE, Traffic(50), 3, HOUR_S), fixed(20)).day
    assert day.replica_s == pytest.approx(20 * HOUR_S, rel=0.01)
    assert day.per_1000_room_hours(0.5) == pytest.approx(500 * day.replica_s / day.room_s)


def test_traffic_has_its_peak_its_trough_and_its_burst() -> None:
    burst = Burst(10 * HOUR_S, factor=50, share=0.01, within_s=120)
    traffic = Traffic(5000, burst=burst, stays=(Stay(1.0, 600.0),))
    shapes = [traffic.shape(hour * HOUR_S) for hour in range(24)]
    assert max(shapes) == 1.0
    assert min(shapes) < 0.5
    regular = traffic.rate(burst.at_s - 1)
    more = (traffic.rate(burst.at_s + 60) - regular) * burst.within_s
    assert more == pytest.approx(0.49 * 5000 * traffic.shape(burst.at_s), rel=0.01)


def test_nobody_leaves_who_has_not_come_and_nobody_comes_twice() -> None:
    """Three hours without arrivals empty the replicas."""
    silent = Traffic(1e-9, stays=(Stay(1.0, 600.0),))
    books = played(silent, fixed(30), 3 * HOUR_S, replicas=30, rooms=200)
    rooms = [moment.rooms for moment in books.timeline]
    assert rooms[0] > 190
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[-1] == 0
    # 200 rooms of 10 minutes each
    assert books.day.room_s == pytest.approx(200 * 600, rel=0.15)

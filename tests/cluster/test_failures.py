"""Rooms of continuous speech on a real cluster while replicas fail: nothing is lost or said twice."""

from math import ceil

import psutil

from cluster import LocalCluster, crowd
from cluster.rooms import Toll
from cluster.story import GAP_S
from tests.cluster.ordeal import MAX_ROOMS, ROOMS, Seen

BALANCE = 1.2
"""`hash_balance_factor` of the gateway; it lets one more room in than this allows."""


def unharmed(toll: Toll) -> None:
    assert toll.failed == ()
    assert toll.expected >= ROOMS * 3
    assert (toll.lost, toll.doubled, toll.replay_lost_s) == (0, 0, 0)


def test_a_replica_lost_in_mid_sentence_costs_no_final_and_doubles_none(crowded: Seen) -> None:
    unharmed(crowded.toll)
    assert crowded.toll.reconnects >= 1
    (gap_s,) = crowded.toll.gaps_s
    assert gap_s < GAP_S


def test_a_replica_that_was_killed_leaves_nothing_behind(crowded: Seen) -> None:
    assert crowded.left == []


def test_rooms_are_spread(crowded: Seen) -> None:
    rooms = sum(crowded.spread.values())
    assert rooms >= MAX_ROOMS
    assert max(crowded.spread.values()) <= ceil(BALANCE * rooms / 2) + 1


def test_overload_is_refused_fast_and_no_tenant_takes_all(crowded: Seen) -> None:
    found = crowded.pressed
    assert found is not None
    assert found.errors == ()
    assert found.admitted["loud"] <= MAX_ROOMS, "half of each replica"
    assert found.refused["loud"] >= found.asked["loud"] - MAX_ROOMS
    assert found.admitted["late"] > 0
    assert found.refused_s < crowd.FAST_S


def test_a_hung_replica_is_taken_out_and_its_rooms_go_on(battered: Seen) -> None:
    unharmed(battered.toll)
    assert battered.toll.reconnects >= 2
    assert battered.numbers["hung replica has no rooms after"] < 10
    assert all(gap_s < GAP_S for gap_s in battered.toll.gaps_s)


def test_a_dead_stub_makes_its_replica_unready_and_rooms_go_on(battered: Seen) -> None:
    assert battered.numbers["unready after a stub's death after"] < 10
    unharmed(battered.toll)


def test_the_cluster_is_whole_again(cluster: LocalCluster, battered: Seen) -> None:
    assert all(host.healthy for host in cluster.gateway.hosts().values())
    assert all(psutil.pid_exists(each.pid) for each in cluster.replicas)

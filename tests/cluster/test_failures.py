"""Rooms of continuous speech on a real cluster while replicas fail: nothing is lost or said twice."""

from math import ceil

import psutil
import pytest

from cluster import LocalCluster, crowd
from cluster.rooms import Toll
from cluster.story import GAP_S
from perf.autoscale.manifests import balance
from tests.cluster.ordeal import MAX_ROOMS, ROOMS, SECONDS, Seen


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
    assert max(crowded.spread.values()) <= ceil(balance() / 100 * rooms / 2) + 1


def test_overload_is_refused_fast_and_no_tenant_takes_all(crowded: Seen) -> None:
    found = crowded.pressed
    assert found is not None
    assert found.errors == ()
    assert found.admitted["loud"] <= MAX_ROOMS, "half of each replica"
    assert found.refused["loud"] >= found.asked["loud"] - MAX_ROOMS
    assert found.admitted["late"] > 0
    assert found.refused_s < crowd.FAST_S


def test_rooms_outlive_a_dead_stub_a_hung_replica_and_a_drained_one(battered: Seen) -> None:
    unharmed(battered.toll)
    assert [injury.kind for injury in battered.toll.injuries] == ["stub killed", "hung", "drained"]
    assert battered.toll.reconnects >= 2, "at least two of three rooms were on the one that hung"


def test_rooms_move_off_a_replica_that_is_drained(battered: Seen) -> None:
    if battered.toll.injuries[-1].at_s > SECONDS - 2:
        pytest.skip("this machine was too slow: the rooms were over when the replica was drained")
    assert battered.toll.reconnects >= 4


def test_a_dead_stub_makes_its_replica_unready(battered: Seen) -> None:
    assert battered.numbers["unready after the death of a stub"] < 10


def test_a_hung_replica_is_taken_out(battered: Seen) -> None:
    assert battered.numbers["a hung replica has no rooms after"] < 10


def test_the_cluster_is_whole_again(cluster: LocalCluster, battered: Seen) -> None:
    assert all(host.healthy for host in cluster.gateway.hosts().values())
    assert all(psutil.pid_exists(each.pid) for each in cluster.replicas)

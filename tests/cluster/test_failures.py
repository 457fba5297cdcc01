"""Rooms of continuous speech on a real cluster while replicas fail: nothing is lost or said twice."""

import psutil
import pytest

from cluster import LocalCluster, overload
from cluster.demo import GAP_S
from cluster.impact import Impact
from tests.cluster.ordeal import MAX_ROOMS, ROOMS, Seen

pytestmark = pytest.mark.thorough


def unharmed(impact: Impact) -> None:
    assert impact.failed == ()
    assert impact.expected >= ROOMS * 3
    assert impact.lost == 0
    assert not impact.few_words
    assert impact.doubled == 0
    assert impact.replay_lost_s == 0


def test_a_replica_lost_in_mid_sentence_costs_no_final_and_doubles_none(crowded: Seen) -> None:
    unharmed(crowded.impact)
    assert [fault.kind for fault in crowded.impact.faults] == ["overload", "node lost", "stub killed"]
    assert crowded.impact.reconnects >= 1
    assert max(crowded.impact.gaps_s) < GAP_S


def test_a_replica_that_was_killed_leaves_nothing_behind(crowded: Seen) -> None:
    assert crowded.left == []


def test_rooms_are_spread(crowded: Seen) -> None:
    assert sum(crowded.shares) >= MAX_ROOMS
    assert min(crowded.shares) >= sum(crowded.shares) / 4, "the gateway's own tests bound it closer"


def test_overload_is_refused_fast_and_no_tenant_takes_all(crowded: Seen) -> None:
    found = crowded.pressed
    assert found.errors == ()
    assert found.admitted["loud"] <= MAX_ROOMS, "half of each replica"
    assert found.refused["loud"] >= found.asked["loud"] - MAX_ROOMS
    assert found.admitted["late"] > 0
    assert found.refused_s < overload.FAST_S


def test_overload_does_not_hold_up_rooms_that_are_in(crowded: Seen) -> None:
    _, under_s, *_ = crowded.impact.partials_p95_s
    assert under_s is not None, "no partials came"
    assert under_s < 5, "other work may slow this machine; `make cluster` holds rooms to their service level"


def test_rooms_outlive_a_hung_replica_and_a_drained_one(battered: Seen) -> None:
    unharmed(battered.impact)
    assert [fault.kind for fault in battered.impact.faults] == ["hung", "drained"]


def test_rooms_move_off_a_replica_that_hangs_and_one_that_is_drained(battered: Seen) -> None:
    drained = battered.numbers["rooms to be drained"]
    assert drained >= 2, "the one that hung had at least two of three rooms"
    assert battered.impact.reconnects >= 2 + drained


def test_a_dead_stub_makes_its_replica_unready(crowded: Seen) -> None:
    assert crowded.numbers["unready after the death of a stub"] < 10


def test_a_hung_replica_is_taken_out(battered: Seen) -> None:
    assert battered.numbers["a hung replica has no rooms after"] < 10


def test_the_cluster_is_whole_again(cluster: LocalCluster, battered: Seen) -> None:
    assert all(host.healthy for host in cluster.gateway.hosts().values())
    assert all(psutil.pid_exists(each.pid) for each in cluster.replicas)

"""Rules and dashboard on a real run: every signal an SRE looks at is there."""

import pytest
import yaml

from cluster import LocalCluster
from cluster.prometheus import PROMETHEUS_RULE
from k8s import dashboard
from tests.cluster.ordeal import Seen

pytestmark = pytest.mark.thorough


ELSEWHERE = ("liveroom_chat", "liveroom_speech", "liveroom:chat", "liveroom:speech")
"""What models tell that this cluster does not serve: see tests/triton/test_metrics.py."""


def recorded() -> list[str]:
    groups = yaml.safe_load(PROMETHEUS_RULE.read_text(encoding="utf-8"))["spec"]["groups"]
    names = [rule["record"] for group in groups for rule in group["rules"] if "record" in rule]
    return [name for name in names if not name.startswith(ELSEWHERE)]


def asked() -> list[str]:
    return [query for query in dashboard.expressions() if not any(name in query for name in ELSEWHERE)]


@pytest.fixture(scope="session")
def lived(cluster: LocalCluster, crowded: Seen, battered: Seen) -> LocalCluster:
    """The cluster after all that has happened to it."""
    return cluster


@pytest.mark.parametrize("name", recorded())
def test_every_recording_rule_has_data(lived: LocalCluster, name: str) -> None:
    assert lived.prometheus.query(name)


@pytest.mark.parametrize("query", asked())
def test_every_query_of_the_dashboard_has_data(lived: LocalCluster, query: str) -> None:
    assert lived.prometheus.query(query)

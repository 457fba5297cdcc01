"""One local cluster for the whole session: two real replicas behind Envoy, scraped by Prometheus."""

from collections.abc import Iterator

import pytest

from cluster import LocalCluster
from cluster.room_load import RoomLoad
from tests.cluster import ordeal
from tests.cluster.ordeal import Seen


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """`captions` on two replicas, of each of which a tenant may have half. Tests leave both of them ready."""
    with LocalCluster(["captions"], 2, max_rooms=ordeal.MAX_ROOMS, tenant_share=0.5) as running:
        yield running


@pytest.fixture(scope="session")
def rooms(cluster: LocalCluster) -> RoomLoad:
    """Rooms that all say the same, and what one of them says when nothing happens."""
    return RoomLoad(cluster, ordeal.ROOMS, ordeal.SECONDS, tenant="speakers")


@pytest.fixture(scope="session")
def crowded(cluster: LocalCluster, rooms: RoomLoad) -> Seen:
    """See `ordeal.crowded`."""
    return ordeal.crowded(cluster, rooms)


@pytest.fixture(scope="session")
def battered(cluster: LocalCluster, rooms: RoomLoad, crowded: Seen) -> Seen:
    """See `ordeal.battered`."""
    return ordeal.battered(cluster, rooms)

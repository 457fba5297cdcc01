"""A cluster on this machine, all real: several embedded Tritons behind Envoy, watched by Prometheus.

with LocalCluster(["captions"]) as cluster:
    client = liveroom.AsyncClient(cluster.url, token=cluster.token(), ca=cluster.ca)
    cluster.replicas[0].kill()
"""

import importlib
from typing import TYPE_CHECKING

from cluster.errors import ClusterError

if TYPE_CHECKING:
    from cluster.local import LocalCluster
    from cluster.replica import Replica

__all__ = ["ClusterError", "LocalCluster", "Replica"]

_HOMES = {"LocalCluster": "cluster.local", "Replica": "cluster.replica"}


def __getattr__(name: str) -> object:
    """Imports what needs more packages when it is asked for: commands can say which are not there."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

"""A cluster on this machine, all real: several embedded Tritons behind Envoy, watched by Prometheus.

with LocalCluster(["captions"]) as cluster:
    client = liveroom.AsyncClient(cluster.url, token=cluster.token(), ca=cluster.ca)
    cluster.replicas[0].kill()
"""

from cluster.errors import ClusterError
from cluster.local import LocalCluster
from cluster.replica import Replica

__all__ = ["ClusterError", "LocalCluster", "Replica"]

"""Envoy's configuration as Kubernetes mounts it, and what of it differs on this machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from cluster.errors import ClusterError
from cluster.machine import LOOPBACK, PROJECT, replace_text

ENVOY_YAML = PROJECT / "k8s" / "base" / "gateway" / "envoy.yaml"
SCREEN_LUA = ENVOY_YAML.with_name("screen.lua")
CLIENTS, STATS = 8443, 9902
"""Where it listens in a pod."""
_CLUSTERS = ("rooms", "studios", "calls")
_POD_FILES = "/etc/gateway/"
_POD_ADMIN = "/tmp/admin.sock"  # noqa: S108 a container's own

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@dataclass(frozen=True)
class Upstream:
    """A replica on this machine. ready_port: answers GET /ready with 200 while it may have work."""

    grpc_port: int
    ready_port: int


def load(source: Path = ENVOY_YAML) -> Json:
    """The configuration as a tree."""
    tree: Json = yaml.safe_load(source.read_text())
    return tree


def public_models(tree: Json) -> tuple[str, ...]:
    """The models that a gateway with the configuration `tree` lets tenants call."""
    return tuple(_public_pattern(tree).split("|"))


def with_public_models(tree: Json, models: Sequence[str]) -> Json:
    """`tree` with other models that tenants may call."""
    shipped, wanted = _public_pattern(tree), "|".join(models)

    def replaced(part: Json) -> Json:
        if isinstance(part, dict):
            return {key: replaced(field) for key, field in part.items()}
        if isinstance(part, list):
            return [replaced(item) for item in part]
        return wanted if part == shipped else part

    return replaced(tree)


def render(
    tree: Json, endpoints: Path, credentials: Path, admin_socket: Path, ports: Mapping[int, int]
) -> Json:
    """`tree` for this machine.

    It listens on loopback, at what `ports` has for a pod's port; its secrets are in `credentials`, and
    instead of DNS a file `<endpoints>/<cluster>.json` says where the replicas of a cluster are.
    """
    local = partial(
        render, endpoints=endpoints, credentials=credentials, admin_socket=admin_socket, ports=ports
    )
    if isinstance(tree, dict):
        if "cluster_type" in tree:
            tree = _found_by_file(tree, endpoints)
        if "port_value" in tree:
            return {"address": LOOPBACK, "port_value": ports[int(str(tree["port_value"]))]}
        return {key: local(field) for key, field in tree.items()}
    if isinstance(tree, list):
        return [local(item) for item in tree]
    if isinstance(tree, str) and tree.startswith(_POD_FILES):
        name = tree.removeprefix(_POD_FILES)
        return str(SCREEN_LUA if name == SCREEN_LUA.name else credentials / name)
    return str(admin_socket) if tree == _POD_ADMIN else tree


def write_endpoints(folder: Path, replicas: Sequence[Upstream]) -> None:
    """Writes the files that say where the replicas are; Envoy watches for files moved to their names."""
    for name in _CLUSTERS:
        replace_text(folder / f"{name}.json", json.dumps(_assignment(name, replicas)))


def _public_pattern(tree: Json) -> str:
    """What the names of public models match; the file says it once, with an anchor."""
    match tree:
        case {"node": {"metadata": {"public_models": str(pattern)}}}:
            return pattern
    raise ClusterError("the gateway's configuration has no node.metadata.public_models")


def _found_by_file(cluster: dict[str, Json], endpoints: Path) -> dict[str, Json]:
    """`cluster` with discovery by a file instead of DNS."""
    path: Json = {"path": f"{endpoints}/{cluster['name']}.json"}
    discovery: Json = {"eds_config": {"path_config_source": path, "resource_api_version": "V3"}}
    others = {key: field for key, field in cluster.items() if key not in ("cluster_type", "load_assignment")}
    return {**others, "type": "EDS", "eds_cluster_config": discovery}


def _assignment(cluster: str, replicas: Sequence[Upstream]) -> Json:
    """Envoy's discovery response that names `replicas` for `cluster`."""
    hosts: list[Json] = [
        {
            "endpoint": {
                "address": {"socket_address": {"address": LOOPBACK, "port_value": replica.grpc_port}},
                "health_check_config": {"port_value": replica.ready_port},
            }
        }
        for replica in replicas
    ]
    kind = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    return {"resources": [{"@type": kind, "cluster_name": cluster, "endpoints": [{"lb_endpoints": hosts}]}]}

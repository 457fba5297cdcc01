"""Policies of the network: nothing is open but what is meant to be, and what is let through is there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s.kubectl import Manifest, named
from k8s.policies.objects import of_kind, ports, selected

_OUTSIDE = ("LoadBalancer", "NodePort")


def check(manifests: Sequence[Manifest], secrets: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is open, or let through to nobody."""
    policies = list(of_kind(manifests, "NetworkPolicy"))
    if not any(_denies_all(policy["spec"]) for policy in policies):
        yield "NetworkPolicy: none denies what no other one allows"
    for policy in policies:
        subject = selected(policy["spec"]["podSelector"], manifests)
        if not subject:
            yield f"{named(policy)}: selects no pods"
        for rule in policy["spec"].get("ingress", []):
            yield from _reachable(policy, rule, subject)
        for rule in policy["spec"].get("egress", []):
            if not rule.get("to"):
                yield f"{named(policy)}: lets its pods talk to anybody"
            for peer in rule.get("to", []):
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    yield from _reachable(policy, rule, selected(peer["podSelector"], manifests))
    yield from _exposed(manifests, policies)


def _denies_all(spec: Mapping[str, Any]) -> bool:
    silent = not spec.get("ingress") and not spec.get("egress")
    return spec["podSelector"] == {} and set(spec["policyTypes"]) == {"Ingress", "Egress"} and silent


def _reachable(policy: Manifest, rule: Mapping[str, Any], workloads: Sequence[Manifest]) -> Iterator[str]:
    if not rule.get("ports"):
        yield f"{named(policy)}: a rule lets all ports through"
    for port in rule.get("ports", []):
        if not any(
            port.get("port") in {*ports(workload), *ports(workload).values()} for workload in workloads
        ):
            yield f"{named(policy)}: lets through port {port.get('port')}, which none of its pods has"


def _exposed(manifests: Sequence[Manifest], policies: Sequence[Manifest]) -> Iterator[str]:
    """What Services offer to the outside is what NetworkPolicies let everybody reach, no more and no less."""
    offered = {
        (
            workload["metadata"]["name"],
            ports(workload).get(target := port.get("targetPort", port["port"]), target),
        )
        for service in of_kind(manifests, "Service")
        if service["spec"].get("type") in _OUTSIDE
        for workload in selected({"matchLabels": service["spec"]["selector"]}, manifests)
        for port in service["spec"]["ports"]
    }
    let_in = {
        (workload["metadata"]["name"], ports(workload).get(port["port"], port["port"]))
        for policy in policies
        for rule in policy["spec"].get("ingress", [])
        if not rule.get("from")
        for workload in selected(policy["spec"]["podSelector"], manifests)
        for port in rule.get("ports", [])
        if "port" in port
    }
    for name, port in let_in - offered:
        yield f"pods of {name}: port {port} is open to everybody"
    for name, port in offered - let_in:
        yield f"pods of {name}: a Service offers port {port} to the outside"

"""Policies of names: whatever an object refers to by name, key, label or port is there."""

from collections.abc import Iterator, Mapping, Sequence, Set

from k8s.kubectl import Manifest, named
from k8s.policies.objects import WORKLOADS, containers, of_kind, pod, pod_labels, ports, selected, selects

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def check(manifests: Sequence[Manifest], secrets: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What refers to nothing."""
    known = {
        (manifest["kind"], manifest["metadata"]["name"]): set(manifest.get("data", {}))
        for manifest in manifests
    }
    known |= {("Secret", name): set(keys) for name, keys in secrets.items()}
    for workload in of_kind(manifests, *WORKLOADS):
        for kind, name, *key in _mentioned(workload):
            if (kind, name) not in known:
                yield f"{named(workload)}: there is no {kind} {name}"
            elif not known[kind, name].issuperset(key):
                yield f"{named(workload)}: {kind} {name} has no key {key[0]}"
        yield from (f"{named(workload)}: {said}" for said in _inside(workload))
    yield from _services(manifests)
    yield from _monitors(manifests)
    yield from _targets(manifests, known.keys())


def _mentioned(workload: Manifest) -> Iterator[tuple[str, ...]]:
    """The kind and name of everything that a workload's pods need, with the key where one is named."""
    spec = pod(workload)
    yield "ServiceAccount", spec.get("serviceAccountName", "default")
    if "priorityClassName" in spec:
        yield "PriorityClass", spec["priorityClassName"]
    for volume in spec.get("volumes", []):
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in containers(workload):
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            for kind, reference in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                if reference in source:
                    yield kind, source[reference]["name"], source[reference]["key"]
        for source in container.get("envFrom", []):
            for kind, reference in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if reference in source:
                    yield kind, source[reference]["name"]


def _inside(workload: Manifest) -> Iterator[str]:
    volumes = {volume["name"] for volume in pod(workload).get("volumes", [])}
    declared = ports(workload)
    for container in containers(workload):
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"container {container['name']} mounts {mount['name']}, which is no volume"
        for probe in _PROBES:
            port = container.get(probe, {}).get("httpGet", {}).get("port")
            if port is not None and port not in {*declared, *declared.values()}:
                yield f"{probe} of container {container['name']} asks port {port}, which no container has"
    if workload["kind"] != "Job" and not selects(workload["spec"]["selector"], pod_labels(workload)):
        yield "its selector does not select its own pods"


def _services(manifests: Sequence[Manifest]) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        if "selector" not in service["spec"]:
            continue  # what is behind it is not in the cluster
        behind = selected({"matchLabels": service["spec"]["selector"]}, manifests)
        if not behind:
            yield f"{named(service)}: selects no pods"
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if not all(target in {*ports(workload), *ports(workload).values()} for workload in behind):
                yield f"{named(service)}: its pods have no port {target}"


def _monitors(manifests: Sequence[Manifest]) -> Iterator[str]:
    for monitor in of_kind(manifests, "ServiceMonitor"):
        services = [
            each
            for each in of_kind(manifests, "Service")
            if selects(monitor["spec"]["selector"], each["metadata"].get("labels", {}))
        ]
        if not services:
            yield f"{named(monitor)}: selects no Service"
        for service in services:
            if not service["spec"].get("publishNotReadyAddresses"):
                yield f"{named(service)}: monitored, but without its pods that are not ready"
            offered = {port["name"] for port in service["spec"]["ports"]}
            for endpoint in monitor["spec"]["endpoints"]:
                if endpoint["port"] not in offered:
                    yield f"{named(monitor)}: {named(service)} has no port {endpoint['port']}"


def _targets(manifests: Sequence[Manifest], known: Set[tuple[str, str]]) -> Iterator[str]:
    for scaler in of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in known:
            yield f"{named(scaler)}: there is no {target['kind']} {target['name']}"
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        if not selected(budget["spec"]["selector"], manifests):
            yield f"{named(budget)}: selects no pods"

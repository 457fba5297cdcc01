"""Ways to break pods of rendered manifests, each with a part of the sentence that has to say so."""

from collections.abc import Callable, Mapping

from k8s.kubectl import Manifest
from tests.unit.manifests import container, pod, the

Damage = tuple[str, Callable[[list[Manifest]], object]]

PODS: Mapping[str, Damage] = {
    "root": ("may run as root", lambda all_: pod(all_, "triton")["securityContext"].update(runAsUser=0)),
    "root in one container": (
        "runs as root though",
        lambda all_: container(all_, "triton", "ready")["securityContext"].update(runAsUser=0),
    ),
    "no seccomp": ("seccomp", lambda all_: pod(all_, "gateway")["securityContext"].pop("seccompProfile")),
    "no seccomp in one container": (
        "a seccomp profile of its own",
        lambda all_: container(all_, "triton", "triton")["securityContext"].update(
            seccompProfile={"type": "Unconfined"}
        ),
    ),
    "root's group": (
        "is in root's group",
        lambda all_: pod(all_, "triton")["securityContext"].pop("runAsGroup"),
    ),
    "the node's network": ("shares the node's", lambda all_: pod(all_, "gateway").update(hostNetwork=True)),
    "a token": ("token", lambda all_: pod(all_, "triton").pop("automountServiceAccountToken")),
    "the node's files": (
        "folder of the node",
        lambda all_: pod(all_, "triton")["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    ),
    "a boundless volume": (
        "not bounded",
        lambda all_: pod(all_, "triton")["volumes"].append({"name": "x", "emptyDir": {}}),
    ),
    "shared memory beyond the limit": (
        "over half of the memory of container triton",
        lambda all_: pod(all_, "triton")["volumes"][1]["emptyDir"].update(sizeLimit="6Gi"),
    ),
    "privileges": (
        "may gain privileges",
        lambda all_: container(all_, "gateway", "envoy")["securityContext"].pop("allowPrivilegeEscalation"),
    ),
    "a root that can be written": (
        "may write to its image",
        lambda all_: container(all_, "triton", "triton")["securityContext"].pop("readOnlyRootFilesystem"),
    ),
    "capabilities": (
        "keeps capabilities",
        lambda all_: container(all_, "triton", "triton")["securityContext"]["capabilities"].update(
            add=["NET_ADMIN"]
        ),
    ),
    "no memory limit": (
        "no memory in resources.limits",
        lambda all_: container(all_, "triton", "ready")["resources"]["limits"].pop("memory"),
    ),
    "no disk limit": (
        "no ephemeral-storage in resources.limits",
        lambda all_: container(all_, "gateway", "envoy")["resources"]["limits"].pop("ephemeral-storage"),
    ),
    "latest": (
        "may change",
        lambda all_: container(all_, "triton", "ready").update(image="a.example/b:latest"),
    ),
    "no tag, but a port": (
        "may change",
        lambda all_: container(all_, "triton", "ready").update(image="a.example:5000/b"),
    ),
    "an unpinned repository": (
        "may change",
        lambda all_: pod(all_, "triton")["volumes"][0]["image"].update(reference="a.example/models"),
    ),
    "an old Triton": (
        "a release older than 26.07",
        lambda all_: container(all_, "triton", "triton").update(image="a.example/triton:0.1.0-26.06-cpu"),
    ),
    "no readiness": (
        "has no readinessProbe",
        lambda all_: container(all_, "triton", "triton").pop("readinessProbe"),
    ),
    "a drain of what hangs": (
        "is given time to drain when it hangs",
        lambda all_: container(all_, "gateway", "envoy")["livenessProbe"].pop(
            "terminationGracePeriodSeconds"
        ),
    ),
    "no start-up": (
        "has no startupProbe",
        lambda all_: container(all_, "gateway", "envoy").pop("startupProbe"),
    ),
    "a secret for all to read": (
        "has LIVEROOM_ADMIN_KEY in its manifest",
        lambda all_: container(all_, "triton", "triton")["env"].append(
            {"name": "LIVEROOM_ADMIN_KEY", "value": "hunter2"}
        ),
    ),
    "a namespace without rules": (
        "lets pods do anything",
        lambda all_: the(all_, "Namespace", "liveroom")["metadata"].pop("labels"),
    ),
    "a pod past the policies": (
        "no policy looks into this kind",
        lambda all_: all_.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}),
    ),
}

"""The overlays fit their schemas and keep to the policies, and each kind of damage to them is seen."""

from collections.abc import Callable

import pytest

from k8s.kubectl import K8S, OVERLAYS, Manifest, RenderError, render
from k8s.policies import violations
from k8s.policies.objects import pod_labels, selects
from k8s.secrets import SECRETS
from k8s.validation import misfits, wrong
from tests.unit.manifests import container, pod, rendered, the

Damage = Callable[[list[Manifest]], object]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_is_well(overlay: str) -> None:
    assert wrong(rendered(overlay)) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_gateways_and_prometheus_reach_triton_and_it_reaches_nobody(overlay: str) -> None:
    policy = the(rendered(overlay), "NetworkPolicy", "triton")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []
    let_in = [
        ([port["port"] for port in rule["ports"]], peer["podSelector"]["matchLabels"])
        for rule in policy["ingress"]
        for peer in rule["from"]
    ]
    assert let_in == [
        ([8001, 8003], {"app.kubernetes.io/name": "gateway"}),
        ([8002, 8003], {"app.kubernetes.io/name": "prometheus"}),
    ]


def test_gateways_reach_triton_and_names_and_builds_reach_nobody() -> None:
    manifests = rendered("gpu")
    to = [rule["to"] for rule in the(manifests, "NetworkPolicy", "gateway")["spec"]["egress"]]
    labels = [peer["podSelector"]["matchLabels"] for peers in to for peer in peers]
    assert labels == [{"app.kubernetes.io/name": "triton"}, {"k8s-app": "kube-dns"}]
    job = the(manifests, "Job", "tensorrt")
    policies = [each for each in manifests if each["kind"] == "NetworkPolicy"]
    over_it = [each for each in policies if selects(each["spec"]["podSelector"], pod_labels(job))]
    assert [each["metadata"]["name"] for each in over_it] == ["default-deny"]


def test_there_are_the_overlays_that_were_promised() -> None:
    assert OVERLAYS == ("cpu", "gpu", "local")


DAMAGE: dict[str, tuple[str, Damage]] = {
    "a probe misspelt": (
        "livnessProbe",
        lambda all_: container(all_, "triton", "triton").update(livnessProbe={}),
    ),
    "a kind unknown": (
        "podmonitor.yaml is missing",
        lambda all_: the(all_, "ServiceMonitor", "triton").update(kind="PodMonitor"),
    ),
    "a field of KEDA's misspelt": (
        "treshold",
        lambda all_: the(all_, "ScaledObject", "triton")["spec"]["triggers"][0]["metadata"].update(
            treshold="1"
        ),
    ),
    "a number where KEDA wants text": (
        "0.7 is not of type 'string'",
        lambda all_: the(all_, "ScaledObject", "triton")["spec"]["triggers"][0]["metadata"].update(
            threshold=0.7
        ),
    ),
    "a threshold of which the fallback makes nothing": (
        "'0.7' does not match",
        lambda all_: the(all_, "ScaledObject", "triton")["spec"]["triggers"][0]["metadata"].update(
            threshold="0.7"
        ),
    ),
    "a rule that is neither": (
        "PrometheusRule liveroom",
        lambda all_: the(all_, "PrometheusRule", "liveroom")["spec"]["groups"][0]["rules"].append(
            {"expr": "1"}
        ),
    ),
    "root": ("may run as root", lambda all_: pod(all_, "triton")["securityContext"].update(runAsUser=0)),
    "root in one container": (
        "runs as root though",
        lambda all_: container(all_, "triton", "ready")["securityContext"].update(runAsUser=0),
    ),
    "no seccomp": ("seccomp", lambda all_: pod(all_, "gateway")["securityContext"].pop("seccompProfile")),
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
    "no readiness": (
        "has no readinessProbe",
        lambda all_: container(all_, "triton", "triton").pop("readinessProbe"),
    ),
    "no start-up": (
        "has no startupProbe",
        lambda all_: container(all_, "gateway", "envoy").pop("startupProbe"),
    ),
    "an update that takes away": (
        "takes replicas away",
        lambda all_: the(all_, "Deployment", "triton")["spec"]["strategy"]["rollingUpdate"].update(
            maxUnavailable=1
        ),
    ),
    "a drain shorter than a segment": (
        "a segment may take 12 s",
        lambda all_: container(all_, "triton", "triton")["args"].append("--exit-timeout-secs=10"),
    ),
    "a death before the drain": (
        "is killed after 30 s",
        lambda all_: pod(all_, "triton").pop("terminationGracePeriodSeconds"),
    ),
    "two autoscalers": (
        "2 autoscalers",
        lambda all_: the(all_, "HorizontalPodAutoscaler", "gateway")["spec"]["scaleTargetRef"].update(
            name="triton"
        ),
    ),
    "no budget": (
        "has no PodDisruptionBudget",
        lambda all_: all_.remove(the(all_, "PodDisruptionBudget", "triton")),
    ),
    "a Secret nobody makes": (
        "there is no Secret",
        lambda all_: pod(all_, "gateway")["volumes"][1]["secret"].update(secretName="tls"),
    ),
    "a ConfigMap gone": ("there is no ConfigMap", lambda all_: all_.remove(the(all_, "ConfigMap", "triton"))),
    "a ServiceAccount gone": (
        "there is no ServiceAccount triton",
        lambda all_: all_.remove(the(all_, "ServiceAccount", "triton")),
    ),
    "a volume gone": ("which is no volume", lambda all_: pod(all_, "triton")["volumes"].pop()),
    "a probe of another port": (
        "which no container has",
        lambda all_: container(all_, "triton", "triton")["readinessProbe"]["httpGet"].update(port=8004),
    ),
    "labels that do not fit": (
        "does not select its own pods",
        lambda all_: the(all_, "Deployment", "triton")["spec"]["selector"]["matchLabels"].update(a="b"),
    ),
    "a Service of nobody": (
        "Service triton-headless: selects no pods",
        lambda all_: the(all_, "Service", "triton-headless")["spec"]["selector"].update(a="b"),
    ),
    "a Service's port": (
        "its pods have no port http",
        lambda all_: the(all_, "Service", "gateway")["spec"]["ports"][0].update(targetPort="http"),
    ),
    "a monitor's port": (
        "ServiceMonitor gateway: Service gateway-metrics has no port metrics",
        lambda all_: the(all_, "ServiceMonitor", "gateway")["spec"]["endpoints"][0].update(port="metrics"),
    ),
    "a monitor of nothing": (
        "ServiceMonitor triton: selects no Service",
        lambda all_: the(all_, "Service", "triton-metrics")["metadata"]["labels"].pop(
            "app.kubernetes.io/component"
        ),
    ),
    "a monitor that overlooks the sick": (
        "without its pods that are not ready",
        lambda all_: the(all_, "Service", "triton-metrics")["spec"].update(publishNotReadyAddresses=False),
    ),
    "an open network": ("none denies", lambda all_: all_.remove(the(all_, "NetworkPolicy", "default-deny"))),
    "a hole for no port": (
        "lets through port 8000",
        lambda all_: the(all_, "NetworkPolicy", "triton")["spec"]["ingress"][0]["ports"].append(
            {"port": 8000}
        ),
    ),
    "a hole to everybody": (
        "port 8001 is open to everybody",
        lambda all_: the(all_, "NetworkPolicy", "triton")["spec"]["ingress"][0].pop("from"),
    ),
    "a way out": (
        "talk to anybody",
        lambda all_: the(all_, "NetworkPolicy", "triton")["spec"].update(egress=[{"ports": [{"port": 443}]}]),
    ),
    "all ports": (
        "lets all ports through",
        lambda all_: the(all_, "NetworkPolicy", "gateway")["spec"]["ingress"][1].pop("ports"),
    ),
    "a second door": (
        "a Service offers port 9902 to the outside",
        lambda all_: the(all_, "Service", "gateway")["spec"]["ports"].append(
            {"name": "stats", "port": 9902, "targetPort": "stats"}
        ),
    ),
    "no disk limit": (
        "no ephemeral-storage in resources.limits",
        lambda all_: container(all_, "gateway", "envoy")["resources"]["limits"].pop("ephemeral-storage"),
    ),
    "shared memory beyond the limit": (
        "over half of the memory of container triton",
        lambda all_: pod(all_, "triton")["volumes"][1]["emptyDir"].update(sizeLimit="3Gi"),
    ),
    "root's group": (
        "is in root's group",
        lambda all_: pod(all_, "triton")["securityContext"].pop("runAsGroup"),
    ),
    "no seccomp in one container": (
        "a seccomp profile of its own",
        lambda all_: container(all_, "triton", "triton")["securityContext"].update(
            seccompProfile={"type": "Unconfined"}
        ),
    ),
    "a secret for all to read": (
        "has LIVEROOM_ADMIN_KEY in its manifest",
        lambda all_: container(all_, "triton", "triton")["env"].append(
            {"name": "LIVEROOM_ADMIN_KEY", "value": "hunter2"}
        ),
    ),
    "a Secret without the key": (
        "Secret triton-admin has no key token",
        lambda all_: container(all_, "triton", "triton")["env"][2]["valueFrom"]["secretKeyRef"].update(
            key="token"
        ),
    ),
    "an old Triton": (
        "a release older than 26.07",
        lambda all_: container(all_, "triton", "triton").update(image="a.example/triton:0.1.0-26.06-cpu"),
    ),
    "a namespace without rules": (
        "lets pods do anything",
        lambda all_: the(all_, "Namespace", "liveroom")["metadata"].pop("labels"),
    ),
    "a pod past the policies": (
        "no policy looks into this kind",
        lambda all_: all_.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}),
    ),
    "no time to leave": (
        "give it a preStop",
        lambda all_: container(all_, "gateway", "envoy").pop("lifecycle"),
    ),
    "all on one node": (
        "may run on one node alone",
        lambda all_: pod(all_, "triton").pop("topologySpreadConstraints"),
    ),
    "a node that can't be drained": (
        "no node can ever be drained",
        lambda all_: the(all_, "PodDisruptionBudget", "triton")["spec"].update(maxUnavailable=0),
    ),
    "replicas beside an autoscaler": (
        "each apply undoes",
        lambda all_: the(all_, "Deployment", "triton")["spec"].update(replicas=4),
    ),
    "one gateway": (
        "keep at least two",
        lambda all_: the(all_, "HorizontalPodAutoscaler", "gateway")["spec"].update(minReplicas=1),
    ),
    "another namespace's rooms": (
        "does not ask for what is in its namespace",
        lambda all_: the(all_, "ScaledObject", "triton")["metadata"].update(namespace="another"),
    ),
    "an autoscaler of nothing": (
        "there is no Deployment tritons",
        lambda all_: the(all_, "ScaledObject", "triton")["spec"]["scaleTargetRef"].update(name="tritons"),
    ),
}


@pytest.mark.parametrize(("sentence", "damage"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_seen(sentence: str, damage: Damage) -> None:
    whole, manifests = rendered("cpu"), rendered("cpu")
    damage(manifests)
    changed = [each for each in manifests if each not in whole]  # schemas take their time
    said = [*misfits(changed), *violations(manifests, SECRETS)]
    assert any(sentence in each for each in said), said


def test_a_job_has_to_end() -> None:
    manifests = rendered("gpu")
    del the(manifests, "Job", "tensorrt")["spec"]["activeDeadlineSeconds"]
    assert violations(manifests, SECRETS) == ["Job tensorrt: has no activeDeadlineSeconds"]


def test_what_kubectl_refuses_is_said_in_a_sentence() -> None:
    with pytest.raises(
        RenderError, match="schemas can't be rendered: unable to find one of 'kustomization\\.yaml'"
    ):
        render(K8S / "schemas")

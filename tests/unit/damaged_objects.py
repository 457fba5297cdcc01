"""Ways to break the other rendered objects, each with a part of the sentence that has to say so."""

from collections.abc import Mapping

from k8s.kubectl import Manifest
from tests.unit.damaged_pods import Damage
from tests.unit.manifests import container, pod, the

FOREIGN: list[Manifest] = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "foreign"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "containers": [
                        {
                            "name": "one",
                            "image": "a.example/one:1",
                            "ports": [{"containerPort": 80}, {"containerPort": 81}],
                            "envFrom": [{"secretRef": {"name": "unmade"}}],
                        }
                    ]
                },
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "elsewhere"},
        "spec": {"type": "ExternalName", "externalName": "a.example"},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "foreign"},
        "spec": {
            "podSelector": {"matchLabels": {"a": "b"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"protocol": "UDP"}]}],
        },
    },
]
"""What an overlay of somebody's own may have beside ours: less than ours, and fewer names."""


def trigger(all_: list[Manifest]) -> Manifest:
    """What KEDA is told of the signal."""
    metadata: Manifest = the(all_, "ScaledObject", "triton")["spec"]["triggers"][0]["metadata"]
    return metadata


OBJECTS: Mapping[str, Damage] = {
    "a foreign pod": (
        "Deployment foreign, container one: has no livenessProbe",
        lambda all_: all_.extend(FOREIGN),
    ),
    "a foreign Secret": ("there is no Secret unmade", lambda all_: all_.extend(FOREIGN)),
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
        lambda all_: trigger(all_).update(treshold="1"),
    ),
    "a number where KEDA wants text": (
        "0.7 is not of type 'string'",
        lambda all_: trigger(all_).update(threshold=0.7),
    ),
    "a threshold of which the fallback makes nothing": (
        "'0.7' does not match",
        lambda all_: trigger(all_).update(threshold="0.7"),
    ),
    "a rule that is neither": (
        "PrometheusRule liveroom",
        lambda all_: the(all_, "PrometheusRule", "liveroom")["spec"]["groups"][0]["rules"].append(
            {"expr": "1"}
        ),
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
    "a Secret without the key": (
        "Secret triton-admin has no key token",
        lambda all_: next(
            variable["valueFrom"]["secretKeyRef"]
            for variable in container(all_, "triton", "triton")["env"]
            if variable["name"] == "LIVEROOM_ADMIN_KEY"
        ).update(key="token"),
    ),
    "a sidecar that is ready to the end": (
        "its sidecar ready says that it is ready until it has ended",
        lambda all_: container(all_, "triton", "ready").pop("lifecycle"),
    ),
    "a container that only starts": (
        "container ready: ends before the others begin",
        lambda all_: container(all_, "triton", "ready").pop("restartPolicy"),
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
    "a budget that does not grow": (
        "give a percentage",
        lambda all_: the(all_, "PodDisruptionBudget", "gateway")["spec"].update(maxUnavailable=1),
    ),
    "no priority": (
        "give it a priorityClassName",
        lambda all_: pod(all_, "gateway").pop("priorityClassName"),
    ),
    "a priority gone": (
        "there is no PriorityClass liveroom",
        lambda all_: all_.remove(the(all_, "PriorityClass", "liveroom")),
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

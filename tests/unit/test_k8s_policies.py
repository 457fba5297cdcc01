"""The overlays fit their schemas and keep to the policies, and each kind of damage to them is seen."""

import pytest

from k8s.kubectl import K8S, OVERLAYS, RenderError, render
from k8s.policies import violations
from k8s.policies.objects import pod_labels, selects
from k8s.secrets import SECRETS
from k8s.validation import misfits, wrong
from tests.unit.damaged_objects import OBJECTS
from tests.unit.damaged_pods import PODS, Damage
from tests.unit.manifests import rendered, the

DAMAGE = {**PODS, **OBJECTS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_is_well(overlay: str) -> None:
    assert wrong(rendered(overlay)) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_gateways_and_prometheus_reach_triton_and_it_reaches_the_store_alone(overlay: str) -> None:
    policy = the(rendered(overlay), "NetworkPolicy", "triton")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    reached = [
        (
            {port["port"] for port in rule["ports"]},
            peer["podSelector"]["matchLabels"],
            peer["namespaceSelector"]["matchLabels"],
        )
        for rule in policy["egress"]
        for peer in rule["to"]
    ]
    assert reached == [
        ({6379}, {"app.kubernetes.io/name": "valkey"}, {"kubernetes.io/metadata.name": "store"}),
        ({53}, {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}),
    ]
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


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_seen(damage: Damage) -> None:
    sentence, do = damage
    whole, manifests = rendered("cpu"), rendered("cpu")
    do(manifests)
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

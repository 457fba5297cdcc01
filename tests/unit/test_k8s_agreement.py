"""What stands in several files is the same in all: Envoy's configuration, ports, autoscalers, README."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s.kubectl import K8S, OVERLAYS, Manifest, render
from k8s.policies.objects import ports, quantity
from k8s.secrets import SECRETS
from k8s.validation import wrong
from tests.unit.manifests import container, pod, rendered, the

BASE = K8S / "base"
ENVOY = yaml.safe_load((BASE / "gateway" / "envoy.yaml").read_text(encoding="utf-8"))
README = (K8S / "README.md").read_text(encoding="utf-8")


def found(tree: Any, name: str) -> Iterator[Any]:
    """Every value below a key of that name, wherever it is."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key == name)
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from found(each, name)


def test_envoy_finds_triton_and_asks_its_canary() -> None:
    manifests = rendered("cpu")
    service = the(manifests, "Service", "triton-headless")["spec"]
    declared = ports(the(manifests, "Deployment", "triton"))
    clusters = {each["name"]: each for each in ENVOY["static_resources"]["clusters"]}
    for name in ("rooms", "studios", "calls"):
        [address] = found(clusters[name], "socket_address")
        assert address == {"address": "triton-headless", "port_value": declared["grpc"]}
        assert list(found(clusters[name], "health_check_config")) == [{"port_value": declared["ready"]}]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is False


def test_the_gateway_listens_where_its_pods_say() -> None:
    ports = {
        each["name"]: each["containerPort"]
        for each in container(rendered("cpu"), "gateway", "envoy")["ports"]
    }
    listeners = {
        each["name"]: each["address"]["socket_address"]["port_value"]
        for each in ENVOY["static_resources"]["listeners"]
    }
    assert listeners == ports
    assert "pipe" in ENVOY["admin"]["address"]  # no port to close


def test_every_file_that_envoy_names_is_mounted() -> None:
    """All but its script from Secrets."""
    volumes = {each["name"]: each for each in pod(rendered("cpu"), "gateway")["volumes"]}
    mounts = container(rendered("cpu"), "gateway", "envoy")["volumeMounts"]
    mounted = {
        f"{mount['mountPath']}/{key}"
        for mount in mounts
        if "secret" in volumes[mount["name"]]
        for key in SECRETS[volumes[mount["name"]]["secret"]["secretName"]]
    }
    scripts = {mount["mountPath"] for mount in mounts if mount.get("subPath", "").endswith(".lua")}
    assert len(scripts) == 1
    assert set(found(ENVOY, "filename")) == mounted | scripts


def test_envoys_heap_fits_its_container() -> None:
    limit = container(rendered("cpu"), "gateway", "envoy")["resources"]["limits"]["memory"]
    [heap] = found(ENVOY, "max_heap_size_bytes")
    assert heap <= 0.75 * quantity(limit)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_python_models_share_memory(overlay: str) -> None:
    [shm] = [
        each["emptyDir"] for each in pod(rendered(overlay), "triton")["volumes"] if each["name"] == "shm"
    ]
    assert shm["medium"] == "Memory"
    mounts = container(rendered(overlay), "triton", "triton")["volumeMounts"]
    assert [each["mountPath"] for each in mounts if each["name"] == "shm"] == ["/dev/shm"]  # noqa: S108 a mount


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_repository_is_mounted_for_reading_only_and_seen_by_the_canary(overlay: str) -> None:
    mounts = [
        [
            each
            for each in container(rendered(overlay), "triton", name)["volumeMounts"]
            if each["name"] == "models"
        ]
        for name in ("triton", "ready")
    ]
    assert mounts[0] == mounts[1]
    assert [each["readOnly"] for each in mounts[0]] == [True]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_volume_keeps_a_node_from_being_given_back(overlay: str) -> None:
    for deployment in (each for each in rendered(overlay) if each["kind"] == "Deployment"):
        template = deployment["spec"]["template"]
        local = [each["name"] for each in template["spec"]["volumes"] if "emptyDir" in each]
        said = template["metadata"]["annotations"][
            "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
        ]
        assert said.split(",") == local


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_in_the_manifests(overlay: str) -> None:
    assert not [each for each in rendered(overlay) if each["kind"] == "Secret"]
    assert "PRIVATE KEY" not in str(rendered(overlay))


@pytest.mark.parametrize("name", SECRETS)
def test_how_to_make_each_secret_is_written_down(name: str) -> None:
    [command] = re.findall(rf"kubectl create secret (\w+ {name} (?:[^\n]*\\\n)*[^\n]*)", README)
    keys = re.findall(r"--from-file=([\w.]+)=", command)
    assert set(keys) == set(SECRETS[name]) or {"tls", "--cert", "--key"} <= set(re.split(r"[\s=]", command))


def behaviour(spec: dict[str, Any]) -> dict[str, Any]:
    """How fast an autoscaler goes up and down."""
    config = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", spec)
    rules: dict[str, Any] = config["behavior"]
    return rules


def autoscaler(name: str) -> dict[str, Any]:
    """The specification in a file of `autoscaling`."""
    text = (BASE / "autoscaling" / f"{name}.yaml").read_text(encoding="utf-8")
    spec: dict[str, Any] = yaml.safe_load(text)["spec"]
    return spec


def test_the_hpa_does_what_the_scaled_object_does() -> None:
    keda, hpa = autoscaler("scaledobject"), autoscaler("hpa")
    assert behaviour(keda) == behaviour(hpa)
    assert keda["scaleTargetRef"] == hpa["scaleTargetRef"]
    assert (keda["minReplicaCount"], keda["maxReplicaCount"]) == (hpa["minReplicas"], hpa["maxReplicas"])
    for trigger, metric in zip(keda["triggers"], hpa["metrics"], strict=True):
        target = metric["external"]["target"]
        assert trigger["metricType"] == target["type"] == "AverageValue"
        factor, _, asked = trigger["metadata"]["query"].partition(" * ")
        threshold = float(trigger["metadata"]["threshold"]) / int(factor)
        assert threshold == int(target["averageValue"].removesuffix("m")) / 1000
        assert metric["external"]["metric"]["name"] in re.sub(r"\W", "_", asked)


def test_the_autoscalers_ask_for_what_is_recorded() -> None:
    rules = yaml.safe_load((BASE / "monitoring" / "prometheusrule.yaml").read_text(encoding="utf-8"))
    recorded = {
        rule["record"] for group in rules["spec"]["groups"] for rule in group["rules"] if "record" in rule
    }
    for trigger in autoscaler("scaledobject")["triggers"]:
        assert set(re.findall(r"liveroom:[\w:]+", trigger["metadata"]["query"])) & recorded


def with_component(component: Path, folder: Path) -> list[Manifest]:
    """The overlay for CPUs with one more component, as an overlay of somebody's own would have it."""
    names = [os.path.relpath(path, folder.resolve()) for path in (K8S / "overlays" / "cpu", component)]
    overlay = yaml.safe_dump({"resources": names[:1], "components": names[1:]})
    (folder / "kustomization.yaml").write_text(overlay, encoding="utf-8")
    return render(folder)


def test_the_hpa_takes_the_place_of_the_scaled_object(tmp_path: Path) -> None:
    manifests = with_component(BASE / "autoscaling", tmp_path)
    the(manifests, "HorizontalPodAutoscaler", "triton")
    assert not [each for each in manifests if each["kind"] == "ScaledObject"]
    assert wrong(manifests) == []


def test_a_volume_takes_the_place_of_the_image_of_models(tmp_path: Path) -> None:
    manifests = with_component(K8S / "components" / "claim", tmp_path)
    [models] = [each for each in pod(manifests, "triton")["volumes"] if each["name"] == "models"]
    assert models == {"name": "models", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}}
    assert "--out=/models/onnx" in container(manifests, "export", "export", "Job")["args"]
    assert wrong(manifests) == []


def test_a_copy_for_another_gpu_stands_by_itself(tmp_path: Path) -> None:
    text = (K8S / "overlays" / "gpu" / "kustomization.yaml").read_text(encoding="utf-8")
    text = text.replace("../..", os.path.relpath(K8S, tmp_path.resolve())).replace("NVIDIA-L4", "NVIDIA-A10")
    text = text.replace("\nnamespace: liveroom\n", "\nnamespace: a10\n")
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")
    manifests = render(tmp_path)
    assert {each["metadata"].get("namespace", "a10") for each in manifests} == {"a10"}
    assert "NVIDIA-L4" not in str(manifests)
    assert wrong(manifests) == []


def test_prometheus_calls_jobs_what_the_rules_call_them() -> None:
    manifests = rendered("cpu")
    for name in ("triton", "gateway"):
        label = the(manifests, "ServiceMonitor", name)["spec"]["jobLabel"]
        assert the(manifests, "Service", f"{name}-metrics")["metadata"]["labels"][label] == name
    metrics, ready = the(manifests, "ServiceMonitor", "triton")["spec"]["endpoints"]
    assert "relabelings" not in metrics
    assert ready["relabelings"] == [{"targetLabel": "job", "replacement": "ready"}]


def test_what_prometheus_keeps_of_envoy_is_enough() -> None:
    [endpoint] = the(rendered("cpu"), "ServiceMonitor", "gateway")["spec"]["endpoints"]
    [kept] = endpoint["metricRelabelings"]
    files = (BASE / "monitoring" / "prometheusrule.yaml", BASE / "monitoring" / "dashboard.json")
    asked = {name for file in files for name in re.findall(r"\benvoy_\w+", file.read_text(encoding="utf-8"))}
    asked -= {"envoy_cluster_name", "envoy_http_conn_manager_prefix"}  # labels
    assert len(asked) > 10
    assert [name for name in asked if not re.fullmatch(kept["regex"], name)] == []

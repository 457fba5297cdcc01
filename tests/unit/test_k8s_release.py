"""What is applied for clients has nothing left to fill in, nothing that can be moved, and is fair."""

import base64
import re
from typing import Any

import pytest

from k8s.__main__ import main
from k8s.kubectl import Manifest
from k8s.policies.objects import containers
from k8s.policies.release import unfit
from tests.unit.manifests import container, pod, rendered, the

_DIGEST = "registry.liveroom.dev/one@sha256:" + 64 * "a"


@pytest.fixture
def fit() -> list[Manifest]:
    """An overlay of somebody's that has all filled in."""
    manifests = rendered("cpu")
    for name in ("triton", "gateway"):
        spec = pod(manifests, name)
        for each in containers(the(manifests, "Deployment", name)):
            each["image"] = _DIGEST
        for volume in spec["volumes"]:
            if "image" in volume:
                volume["image"]["reference"] = _DIGEST
    rules = the(manifests, "PrometheusRule", "liveroom")
    rules["metadata"]["annotations"].clear()
    for alert in alerts(manifests):
        alert["annotations"]["runbook_url"] = f"https://wiki.liveroom.dev/runbook#{alert['alert'].lower()}"
    return manifests


def alerts(manifests: list[Manifest]) -> list[dict[str, Any]]:
    """All alerts, to be changed."""
    groups = the(manifests, "PrometheusRule", "liveroom")["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_what_is_filled_in_is_fit(fit: list[Manifest]) -> None:
    assert list(unfit(fit)) == []


@pytest.mark.parametrize("image", ["docker.io/envoyproxy/envoy:v1.40.0", "envoy", "envoy@sha256:123"])
def test_an_image_that_can_be_moved_is_refused(fit: list[Manifest], image: str) -> None:
    container(fit, "gateway", "envoy")["image"] = image
    assert list(unfit(fit)) == [
        f"Deployment gateway: image {image} can be moved: name its digest (@sha256:...)"
    ]


@pytest.mark.parametrize(
    "value", ["registry.example", "https://login.example.com/keys", "example", "changeme", "a.invalid"]
)
def test_a_placeholder_is_refused_wherever_it_is(fit: list[Manifest], value: str) -> None:
    the(fit, "ConfigMap", "triton")["data"]["issuer"] = value
    [said] = unfit(fit)
    assert re.fullmatch("ConfigMap triton-.*: '.*' is a placeholder: put in yours", said)


def test_a_placeholder_in_a_secret_is_refused(fit: list[Manifest]) -> None:
    token = base64.b64encode(b"change-me").decode()
    fit.append({"kind": "Secret", "metadata": {"name": "triton-admin"}, "data": {"key": token}})
    assert list(unfit(fit)) == ["Secret triton-admin: 'change-me' is a placeholder: put in yours"]


@pytest.mark.parametrize("share", ["1.0", "1", "2", "0", "nan", "half"])
def test_a_share_that_is_not_fair_is_refused(fit: list[Manifest], share: str) -> None:
    the(fit, "ConfigMap", "triton")["data"]["tenant-share"] = share
    [said] = unfit(fit)
    assert f"tenant-share {share} is not fair: more than 0 and less than 1, as 0.5" in said


@pytest.mark.parametrize(
    "url", [None, "", "RUNBOOK.md#liveroomrefusing", "https://wiki.liveroom.dev/runbook", "https://#refusing"]
)
def test_an_alert_that_says_not_where_to_read_on_is_refused(fit: list[Manifest], url: str | None) -> None:
    [alert] = [each for each in alerts(fit) if each["alert"] == "LiveroomRefusing"]
    alert["annotations"].update(runbook_url=url) if url is not None else alert.pop("annotations")
    [said] = unfit(fit)
    assert said.startswith(f"PrometheusRule liveroom: runbook_url of LiveroomRefusing is '{url or ''}': give")


def test_what_is_shipped_is_no_release_but_fair(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["k8s", "check", "--release", "cpu"])
    assert main() == 1
    said = capsys.readouterr().out
    assert "'registry.example' is a placeholder" in said
    assert "PrometheusRule liveroom: 'runbooks.example' is a placeholder: put in yours" in said
    assert "tenant-share" not in said


def test_one_kind_is_rendered_whatever_its_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["k8s", "render", "cpu", "--kind", "deployment"])
    assert main() == 0
    kinds = re.findall("^kind: (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert kinds == ["Deployment", "Deployment"]
    monkeypatch.setattr("sys.argv", ["k8s", "render", "cpu", "--kind", "Pod"])
    assert main() == 1
    assert "there is no Pod: there are ConfigMap, Deployment" in capsys.readouterr().err

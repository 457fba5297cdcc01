"""Rules and alerts do what they say, by Prometheus' own promtool; it can parse what the dashboard asks."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.prometheus import binary
from k8s import dashboard
from k8s.kubectl import K8S, kubectl
from server.repository import Repository
from tests.unit.manifests import rendered, the

RULES = yaml.safe_load((K8S / "base" / "monitoring" / "prometheusrule.yaml").read_text(encoding="utf-8"))[
    "spec"
]
TESTS = Path(__file__).parent / "rules.yaml"
RUNBOOK = (K8S / "RUNBOOK.md").read_text(encoding="utf-8")


def promtool(*arguments: str | Path) -> str:
    """What promtool says; fails when it refuses."""
    done = subprocess.run(
        [binary("promtool"), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules(kind: str) -> Iterator[dict[str, Any]]:
    """All that record something ("record"), or all alerts ("alert")."""
    return (rule for group in RULES["groups"] for rule in group["rules"] if kind in rule)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules and what they are tested by, where every alert points at the section of its name."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES), encoding="utf-8")
    tests = yaml.safe_load(TESTS.read_text(encoding="utf-8"))
    for case in (case for test in tests["tests"] for case in test.get("alert_rule_test", ())):
        for alert in case["exp_alerts"]:
            alert["exp_annotations"]["runbook_url"] = f"k8s/RUNBOOK.md#{case['alertname'].lower()}"
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    return tmp_path


@pytest.mark.thorough
def test_signals_and_alerts_do_what_they_should(folder: Path) -> None:
    promtool("test", "rules", folder / "tests.yaml")


def test_every_rule_has_a_test() -> None:
    tests = yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]
    fired = {
        case["alertname"] for test in tests for case in test.get("alert_rule_test", ()) if case["exp_alerts"]
    }
    computed = " ".join(case["expr"] for test in tests for case in test.get("promql_expr_test", ()))
    assert {rule["alert"] for rule in rules("alert")} == fired
    assert [rule["record"] for rule in rules("record") if rule["record"] not in computed] == []


def test_ensembles_are_left_out_where_their_parts_count() -> None:
    ensembles = [name for name, model in served().items() if model.is_ensemble]
    excluded = {match for rule in rules("record") for match in re.findall(r'model!~"([^"]+)"', rule["expr"])}
    assert excluded == {"|".join(sorted(ensembles))}


def served() -> dict[str, Any]:
    """The models of the repository."""
    repository = Repository(K8S.parent / "model_repository")
    return dict(repository.resolve(repository.names()))


def test_models_that_rules_name_exist() -> None:
    named = {
        name
        for rule in rules("alert")
        for match in re.findall(r'model=~"([^"]+)"', rule["expr"])
        for name in match.split("|")
    }
    assert named
    assert named <= served().keys()


def sections(page: str) -> dict[str, str]:
    """What stands below each heading of a page, by the heading's anchor, as GitHub and GitLab make them."""
    parts = re.split(r"^#{2,} +(.+)$", page, flags=re.MULTILINE)[1:]
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in parts[::2]]
    assert len(anchors) == len(set(anchors))
    return dict(zip(anchors, parts[1::2], strict=True))


def test_every_alert_can_be_acted_on() -> None:
    runbook = sections(RUNBOOK)
    for rule in rules("alert"):
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        page, _, section = rule["annotations"]["runbook_url"].partition("#")
        assert (K8S.parent / page).samefile(K8S / "RUNBOOK.md")
        assert section == rule["alert"].lower()
        assert len(runbook[section].split()) > 12, rule["alert"]
    named = re.findall(r"^## (Liveroom\w+)$", RUNBOOK, re.MULTILINE)
    assert named == [rule["alert"] for rule in rules("alert")]


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_alerts_point_at_the_runbook_of_whoever_installs_them(overlay: str) -> None:
    rule = the(rendered(overlay), "PrometheusRule", "liveroom")
    runbook = rule["metadata"]["annotations"]["runbook"]
    assert runbook.startswith("https://")
    for alert in (each for group in rule["spec"]["groups"] for each in group["rules"] if "alert" in each):
        assert alert["annotations"]["runbook_url"] == f"{runbook}#{alert['alert'].lower()}"


def test_the_runbook_s_table_says_which_alerts_wake_somebody_up() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \| (page|ticket) \| \S.* \| \S.* \|$", RUNBOOK, re.MULTILINE)
    assert rows == [
        (rule["alert"], rule["alert"].lower(), rule["labels"]["severity"]) for rule in rules("alert")
    ]


def test_every_command_of_the_runbook_is_one_that_kubectl_takes_and_names_its_namespace() -> None:
    _, *blocks = RUNBOOK.split("```sh\n")
    shown = [line for block in blocks for line in block.split("```")[0].splitlines()]
    inline = re.findall(r"`(kubectl [^`]+)`", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL))
    commands = {re.sub(r"\s+# .*", "", command) for command in inline + shown}
    assert len(commands) > 20
    for command in sorted(commands):
        assert "\n" not in command, "one that is broken over lines can't be copied"
        asks = command.split()[1]
        assert " -n " in command or asks in ("cordon", "apply", "diff"), command
        if asks in ("apply", "diff"):
            assert (K8S.parent / command.split()[-1] / "kustomization.yaml").is_file(), command
            continue
        words = [str(kubectl()), "--server=http://127.0.0.1:1", *shlex.split(command)[1:]]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
        assert "connect" in done.stderr, f"{command}: {done.stderr}"  # it got as far as asking the cluster
        assert "refused" in done.stderr, f"{command}: {done.stderr}"


def test_what_hangs_is_in_the_runbook_and_alerts_that_it_raises_name_its_section() -> None:
    runbook = sections(RUNBOOK)
    for kind, alert in (("server", "liveroomreplicadown"), ("gateway", "liveroomgatewaydown")):
        assert "What happens by itself" in runbook[f"a-{kind}-that-hangs"]
        assert f"(#a-{kind}-that-hangs)" in runbook[alert]
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= runbook.keys()


def test_the_dashboard_is_up_to_date() -> None:
    assert dashboard.FILE.read_text(encoding="utf-8") == dashboard.text(), "run `python -m k8s dashboard`"


def panels() -> list[dict[str, Any]]:
    """The dashboard's rows and graphs."""
    found: list[dict[str, Any]] = json.loads(dashboard.text())["panels"]
    return found


def test_panels_do_not_collide() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = [panel["gridPos"] for panel in panels()]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_every_query_of_the_dashboard_parses(tmp_path: Path) -> None:
    asked = dashboard.expressions()
    targets = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    assert [expr.replace("$namespace", ".*") for expr in targets] == asked
    assert not [expr for expr in asked if "$" in expr]
    recorded = [{"record": f"panel:{index}", "expr": expr} for index, expr in enumerate(asked)]
    file = tmp_path / "dashboard.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}), encoding="utf-8")
    assert f"{len(asked)} rules found" in promtool("check", "rules", file)


def test_what_the_dashboard_shows_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules("record")}
    shown = {name for expr in dashboard.expressions() for name in re.findall(r"liveroom:[\w:]+", expr)}
    assert shown <= recorded
    assert "liveroom:rooms_per_slot:ratio" in shown

"""Which models are public is said beside each of them, and whatever has to know it says the same."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from liveroom._health import CLIENT_MODELS

from cluster.gateway_config import load, public_models
from server import ServerError
from server.repository import Repository
from tests import models

ROOT = Path(__file__).parents[2]
REPOSITORY = Repository(ROOT / "model_repository")
PUBLIC = REPOSITORY.public()
ACCESS = 'parameters {{ key: "access" value {{ string_value: "{}" }} }}\n'
COMMANDS = {
    "Makefile": r"^test:.*\n\t(.* -m exporters .*)",
    "README.md": r"^(python -m server(?: .*)?)$",
    "docs/first-room.md": r"^(python -m server(?: .*)?)$",
    "k8s/Dockerfile": r"^#  ( python -m exporters .*)",
    "k8s/base/triton/deployment.yaml": r"server\.readiness_sidecar\]\n +args:((?:\n +- --.*|\n +- [a-z].*)+)",
    "k8s/components/claim/export.yaml": r"^ +args: (.*)",
    "k8s/components/tensorrt/build.yaml": r"^ +args:((?:\n +- .*)+)",
}
"""What starts a server, a canary or an export of all that is public."""


def found() -> dict[str, str]:
    """Every such command, by file and line."""
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in COMMANDS}
    return {
        f"{file}:{texts[file].count(chr(10), 0, match.start(1)) + 1}": match[1]
        for file, pattern in COMMANDS.items()
        for match in re.finditer(pattern, texts[file], re.MULTILINE)
    }


LISTS = found()


def difference(file: str, marker: str, named: Iterable[str]) -> str:
    """What a list of public models lacks or has too much of, and where it begins; "" where it is theirs."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    [number, *_] = [number for number, line in enumerate(lines, 1) if marker in line]
    lacking, other = set(PUBLIC) - set(named), set(named) - set(PUBLIC)
    return "".join(
        f"{file}:{number}: {verb} {', '.join(sorted(names))}: see `access` in model_repository/*/*.pbtxt\n"
        for verb, names in (("add", lacking), ("remove", other))
        if names
    )


def test_a_model_is_public_where_its_configuration_says_so(tmp_path: Path) -> None:
    models.write(tmp_path, "shown", models.PYTHON + ACCESS.format("public"))
    models.write(tmp_path, "part", models.PYTHON + ACCESS.format("inner"))
    models.write(tmp_path, "silent", models.PYTHON)
    repository = Repository(tmp_path)
    assert [repository.read(name).is_public for name in ("shown", "part", "silent")] == [True, False, False]
    assert repository.public() == repository.default() == ["shown"]
    models.write(tmp_path, "odd", models.PYTHON + ACCESS.format("secret"))
    with pytest.raises(ServerError, match=r"model 'odd': access is 'secret' in .*: use public or inner"):
        repository.public()


def test_a_repository_that_declares_nothing_is_served_whole(tmp_path: Path) -> None:
    for write in (models.identity, models.twice):
        write(tmp_path)
    assert Repository(tmp_path).public() == []
    assert Repository(tmp_path).default() == ["identity", "twice"]


def test_every_inner_model_is_there_for_a_public_one() -> None:
    declared = [name for name in REPOSITORY.names() if REPOSITORY.read(name).listed("access")]
    idle = set(REPOSITORY.names()) - set(REPOSITORY.resolve(declared))
    assert not idle, (
        f"nothing public requires {', '.join(sorted(idle))}: name it in `requires` of what does, or "
        'set `access` to "public" in model_repository/NAME/config.pbtxt, or "inner" for models to come'
    )


def test_every_public_model_has_a_request_whose_answer_is_known() -> None:
    for model in map(REPOSITORY.read, PUBLIC):
        asked = [model, *(REPOSITORY.read(name) for name in model.requires if model.is_ensemble)]
        assert any(each.config.model_warmup for each in asked), (
            f"{model.config_file}: no model_warmup: give a real request, which canaries send"
        )


def test_the_client_calls_and_probes_the_public_models() -> None:
    assert not difference("clients/liveroom/_health.py", '@_probes("', CLIENT_MODELS)


def test_the_gateway_lets_tenants_call_the_public_models() -> None:
    assert not difference("k8s/base/gateway/envoy.yaml", "&public_models", public_models(load()))


@pytest.mark.parametrize("place", sorted(LISTS))
def test_what_serves_or_exports_all_names_none_or_all_public_models(place: str) -> None:
    """Servers, canaries and exports take the public models where none is named."""
    named = set(re.findall(r"[\w-]+", LISTS[place])) & set(REPOSITORY.names())
    assert not named or set(PUBLIC) <= set(REPOSITORY.resolve(named)), (
        f"{place}: names {', '.join(sorted(named))}: name none, or all that are public: {', '.join(PUBLIC)}"
    )


def test_the_lists_are_found() -> None:
    files = [place.partition(":")[0] for place in LISTS]
    assert [
        files.count(name) for name in ("Makefile", "README.md", "docs/first-room.md", "k8s/Dockerfile")
    ] == [1, 1, 1, 1]
    assert sum(name.endswith(".yaml") for name in files) == 3


def test_rules_that_sum_over_models_leave_out_every_ensemble() -> None:
    """An ensemble's requests wait, and are refused, in its steps: they would count twice."""
    ensembles = sorted(name for name in REPOSITORY.names() if REPOSITORY.read(name).is_ensemble)
    file = "k8s/base/monitoring/prometheusrule.yaml"
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    listed = {
        number: match[1]
        for number, line in enumerate(lines, 1)
        if (match := re.search(r'model!~"([\w|]+)"', line))
    }
    assert len(listed) == 2
    for number, names in listed.items():
        assert names == "|".join(ensembles), f'{file}:{number}: should be model!~"{"|".join(ensembles)}"'

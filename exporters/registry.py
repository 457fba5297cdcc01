"""Which exporters there are, and which of them a served model needs."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import exporters
from exporters.contract import Exporter
from exporters.errors import ExportError
from exporters.triton_config import absent_file, needed_models, served_models


def all_exporters() -> dict[str, Exporter]:
    """Every family by name: the ``EXPORTER`` of each sub-package of ``exporters``."""
    families = [info.name for info in pkgutil.iter_modules(exporters.__path__) if info.ispkg]
    found: dict[str, Exporter] = {}
    for family in families:
        exporter = getattr(import_module(f"exporters.{family}"), "EXPORTER", None)
        if isinstance(exporter, Exporter):
            found[exporter.name] = exporter
    return found


def filling(repository: Path) -> list[Exporter]:
    """The exporters of the models that ``repository`` has."""
    served = served_models(repository)
    return [
        exporter for exporter in all_exporters().values() if any(model in served for model in exporter.models)
    ]


def select(names: Iterable[str], repository: Path) -> list[Exporter]:
    """The exporters ``names`` ask for, each once: a name is an exporter, or a served model with all it needs.

    Raises:
        ExportError: a name is neither, a model's config cannot be read, or nobody makes what it needs.
    """
    exporters_by_name = all_exporters()
    filled_by = {model: exporter for exporter in exporters_by_name.values() for model in exporter.models}
    chosen: dict[str, Exporter] = {}
    served = served_models(repository)
    for name in names:
        if name in exporters_by_name:
            chosen[name] = exporters_by_name[name]
        elif name in served:
            for model in needed_models(repository, name):
                if model in filled_by:
                    chosen[filled_by[model].name] = filled_by[model]
                elif absent := absent_file(repository, model):
                    raise ExportError(
                        f"nothing makes {model}: no exporter fills it, and {absent} is not there. Put that "
                        f"file there, or write exporters/{model}/ (known exporters: "
                        f"{', '.join(sorted(exporters_by_name))})"
                    )
        else:
            raise ExportError(
                f"{name} is neither an exporter ({', '.join(sorted(exporters_by_name))}) "
                f"nor a model of {repository} ({', '.join(served) or 'which has none'})"
            )
    return list(chosen.values())

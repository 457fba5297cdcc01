"""Which function writes the inputs of which model: a new model brings one, in the file of its modality."""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

from exporters.sources import Library
from perf.inputs import pictures, speech
from perf.inputs.recorded import Inputs

Writer = Callable[[Library], Inputs]

MODALITIES: tuple[ModuleType, ...] = (speech, pictures)
"""Each has WRITERS: model -> function."""
WRITERS: Mapping[str, Writer] = {
    model: writer for modality in MODALITIES for model, writer in modality.WRITERS.items()
}


def check(models: Iterable[str]) -> None:
    """Raises RuntimeError for the models that nobody has inputs for."""
    if missing := [model for model in models if model not in WRITERS]:
        files = ", ".join(f"perf/inputs/{modality.__name__.rpartition('.')[2]}.py" for modality in MODALITIES)
        raise RuntimeError(
            f"no inputs for {', '.join(missing)}: write a function that makes them of real data, and name it "
            f"in WRITERS of the file of its modality ({files}; perf/inputs/registry.py lists them)"
        )

"""Where the inputs of a model come from: a function for real recordings, or its own samples."""

from collections.abc import Callable, Mapping
from types import ModuleType

from perf.inputs import pictures, speech, text
from perf.inputs.recorded import Inputs, Step
from server import canary
from server.repository import Model
from tooling.sources import Library

Writer = Callable[[Library], Inputs]

MODALITIES: tuple[ModuleType, ...] = (speech, pictures, text)
"""Each has WRITERS: model -> function. A model may have one for more inputs than its samples."""
WRITERS: Mapping[str, Writer] = {
    model: writer for modality in MODALITIES for model, writer in modality.WRITERS.items()
}


def inputs(model: Model, models: Mapping[str, Model], library: Library) -> Inputs:
    """What `model` is measured with: what its function makes, or else the samples that canaries send.

    models: it and all it requires, by name. Raises RuntimeError where it has neither.
    """
    if model.name in WRITERS:
        return WRITERS[model.name](library)
    asked = [model, *(models[name] for name in model.requires if model.is_ensemble)]
    if not any(each.config.model_warmup for each in asked):
        raise RuntimeError(
            f"no inputs for {model.name}: give it a model_warmup of real data in {model.config_file}, which "
            "canaries send too, or a function that makes more of them: perf/inputs/registry.py lists those"
        )
    return Inputs(f"samples of {model.name}/config.pbtxt", [_samples(model, models)])


def _samples(model: Model, models: Mapping[str, Model]) -> list[Step]:
    """Its `model_warmup` entries, without a batch axis; of an ensemble what its steps have."""
    batched = model.config.max_batch_size > 0
    found = [canary.sample(model, models, entry) for entry in range(max(1, len(model.config.model_warmup)))]
    return [{name: array[0] if batched else array for name, array in each.items()} for each in found]

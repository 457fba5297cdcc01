"""Is an answer one? What a model that works says of its sample, declared beside the model.

The configuration's parameter ``expect`` names it, "text: words", "boxes: 1 row; nsfw: largest <= 0.8", or of
a classifier "probabilities: largest at 2", its third class: properties that any weights of use have. Whatever
is declared, numbers have to be finite.
"""

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from server.errors import ServerError
from server.repository import Model

Array = npt.NDArray[np.generic]
Answer = Mapping[str, Array]

_FORMS = re.compile(
    r"(?P<output>\w+): (?:(?P<words>words)|(?P<rows>\d+) rows?|"
    r"largest (?:at (?P<place>\d+)|(?P<side><=|>=) (?P<bound>-?\d+(?:\.\d+)?(?:e-?\d+)?)))"
)


class NonsenseError(Exception):
    """A model answered, and not with what anything of use answers; the message says what was expected."""


def check(model: Model, models: Mapping[str, Model], answers: Sequence[Answer], *, known: bool) -> None:
    """Look at all responses to one request; `known`: it was the sample that ``expect`` speaks of.

    Of weights that their exporter was told to take though they are poor only finite numbers are expected.

    Raises:
        NonsenseError: one of them is nonsense.
        ServerError: the configuration can't be read.
    """
    for answer in answers:
        for name, array in answer.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise NonsenseError(f"its {name} is not finite")
    if not known or _is_poor(model, models):
        return
    for expected in model.listed("expect", ";"):
        form = _FORMS.fullmatch(expected)
        if form is None:
            raise ServerError(
                f"model '{model.name}': expect is '{expected}' in {model.config_file}: use 'OUTPUT: words', "
                "'OUTPUT: 1 row', 'OUTPUT: largest >= 0.5', 'OUTPUT: largest <= 0.5' or "
                "'OUTPUT: largest at 2', separated by ;"
            )
        outputs = [output.name for output in model.config.output]
        if form["output"] not in outputs:
            raise ServerError(
                f"model '{model.name}': expect is '{expected}' in {model.config_file}, and its outputs are "
                f"{', '.join(outputs)}"
            )
        arrays = [answer[form["output"]] for answer in answers if form["output"] in answer]
        if not any(_is(form, array, batched=model.config.max_batch_size > 0) for array in arrays):
            said = ", ".join(_told(array) for array in arrays) or "nothing"
            raise NonsenseError(f"its {form['output']} is {said}, expected of the sample: {expected}")


def _is(form: re.Match[str], array: Array, *, batched: bool) -> bool:
    if form["words"]:
        return array.dtype.kind in "OSU" and any(c.isalnum() for each in array.flat for c in _text(each))
    if form["rows"]:
        axis = int(batched)
        return array.ndim > axis and array.shape[axis] == int(form["rows"])
    if array.dtype.kind in "OSU":
        return False
    if form["place"]:
        return bool(array.size) and int(array.argmax()) == int(form["place"])
    largest = float(array.max(initial=-np.inf))
    return largest >= float(form["bound"]) if form["side"] == ">=" else largest <= float(form["bound"])


def _told(array: Array) -> str:
    """An answer in a few words."""
    if array.dtype.kind in "OSU":
        return " ".join(repr(_text(each)) for each in array.flat)
    size = f", at most {float(array.max()):.3g}, at {int(array.argmax())}" if array.size else ""
    return f"of shape {list(array.shape)}{size}"


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_poor(model: Model, models: Mapping[str, Model]) -> bool:
    """Whether a manifest of the model, or of what it requires, says that its weights are of no use."""
    try:
        manifest = json.loads((model.folder / "1" / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    return bool(manifest.get("poor")) or any(
        _is_poor(models[name], models) for name in model.requires if name in models
    )

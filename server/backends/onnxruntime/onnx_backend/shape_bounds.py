"""Which shapes a graph takes: what is beyond them is refused in words, before it is read or run.

The configuration says which axes are fixed and how large a batch may be. Of those that vary the manifest
that the exporter wrote beside the graph has the smallest and the largest, and what they are multiples of.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from onnx_backend.signature import numpy_type

Config = Mapping[str, Any]
Profile = Sequence[Sequence[int]]
"""Shapes: the smallest, the usual, the largest, and, where one has to be, what the sides are multiples of."""

LONGEST = 2**31 - 1
"""Of an axis that nothing is known of, and of a tensor in bytes: no message of gRPC is longer.

Triton 24.10 takes sizes below 0 and hands them on as large ones, with less memory behind them than they say.
"""


@dataclass(frozen=True)
class Axis:
    """An axis of an input: what it may measure."""

    smallest: int
    largest: int
    multiple: int = 1

    def takes(self, size: int) -> bool:
        """Whether an input may have this size here."""
        return self.smallest <= size <= self.largest and size % self.multiple == 0

    def __str__(self) -> str:
        if self.smallest == self.largest:
            return str(self.largest)
        multiple = f"a multiple of {self.multiple} from " if self.multiple > 1 else ""
        return f"{multiple}{self.smallest} to {self.largest}"


@dataclass(frozen=True)
class Bounds:
    """Of one input: its axes, the batch in front where the model batches, and the bytes of an element."""

    name: str
    axes: tuple[Axis, ...]
    element: int

    def check(self, shape: tuple[int, ...]) -> None:
        """See that the graph takes a shape.

        Raises:
            ValueError: it does not.
        """
        if len(shape) != len(self.axes) or not all(map(Axis.takes, self.axes, shape)):
            wanted = ", ".join(map(str, self.axes))
            raise ValueError(f"input '{self.name}' has shape {list(shape)}; it must be [{wanted}]")
        if prod(shape) * self.element > LONGEST:
            raise ValueError(f"input '{self.name}' has shape {list(shape)}, more than {LONGEST} bytes")


def bounds_of(config: Config, graph: Path) -> dict[str, Bounds]:
    """Of every input that `config` declares; `graph` is the ONNX file."""
    profiles, batch = _profiles(graph), int(config["max_batch_size"])
    first = (Axis(1, batch),) if batch else ()
    found = {}
    for entry in config["input"]:
        dims = entry["reshape"]["shape"] if "reshape" in entry else entry["dims"]
        profile = profiles.get(entry["name"], ())
        axes = first + tuple(_axes([int(dim) for dim in dims], profile, len(first)))
        size = np.dtype(numpy_type(entry["data_type"])).itemsize
        found[entry["name"]] = Bounds(entry["name"], axes, size)
    return found


def _profiles(graph: Path) -> dict[str, Profile]:
    """The profiles of the graph's inputs; none where no exporter wrote it."""
    try:
        manifest = json.loads((graph.parent / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    profiles: dict[str, Profile] = manifest.get("files", {}).get(graph.name, {}).get("tensorrt_profiles", {})
    return profiles


def _axes(dims: Sequence[int], profile: Profile, skipped: int) -> Iterable[Axis]:
    for place, dim in enumerate(dims, skipped):
        if dim >= 0:
            yield Axis(dim, dim)
        elif profile:
            smallest, _, largest, *multiples = profile
            yield Axis(smallest[place], largest[place], multiples[0][place] if multiples else 1)
        else:
            yield Axis(0, LONGEST)

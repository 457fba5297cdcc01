"""TFLite's sparse tensors: only the values that are not zero, and the way to walk through them.

The format is TACO's, as ``tensorflow/lite/schema/schema.fbs`` (``SparsityParameters``) describes it: the
tensor's dimensions, and those of the blocks it is cut into, are nested in ``traversalOrder``; a level is
either dense (every index is there) or compressed (CSR: a list of the indices that are there).
"""

import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from exporters.onnx_tools import Array

Indices = NDArray[np.int64]


def densify(values: Array, shape: tuple[int, ...], sparsity: "schema.SparsityParametersT") -> Array:
    """The dense tensor of ``shape`` that ``values`` and their ``sparsity`` stand for."""
    order = [int(level) for level in sparsity.traversalOrder]
    blocked = [int(axis) for axis in sparsity.blockMap] if sparsity.blockMap is not None else []
    entries: Indices = np.zeros(1, np.int64)  # where each path through the levels so far has its values
    coordinates: dict[int, Indices] = {}  # of each path, by level
    for level, metadata in zip(order, sparsity.dimMetadata, strict=True):
        if metadata.format == schema.DimensionType.DENSE:
            size = int(metadata.denseSize)
            parents = np.repeat(np.arange(len(entries)), size)
            indices = np.tile(np.arange(size), len(entries))
            entries = entries[parents] * size + indices
        else:
            segments = np.asarray(metadata.arraySegments.values, np.int64)
            counts = np.diff(segments)[entries]
            parents = np.repeat(np.arange(len(entries)), counts)
            within = np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts)
            entries = segments[entries][parents] + within
            indices = np.asarray(metadata.arrayIndices.values, np.int64)[entries]
        coordinates = {known: found[parents] for known, found in coordinates.items()}
        coordinates[level] = indices
    block_sizes = {
        axis: int(sparsity.dimMetadata[order.index(len(shape) + block)].denseSize)
        for block, axis in enumerate(blocked)
    }
    places = [coordinates[axis] * block_sizes.get(axis, 1) for axis in range(len(shape))]
    for block, axis in enumerate(blocked):
        places[axis] = places[axis] + coordinates[len(shape) + block]
    dense = np.zeros(math.prod(shape), values.dtype)
    dense[np.ravel_multi_index(tuple(places), shape)] = values[entries]
    return dense.reshape(shape)

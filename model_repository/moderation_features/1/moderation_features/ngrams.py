"""Rows of neighbors as buckets of a table, and the buckets of a batch as one array."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation_features.canonical import Ints, Mask

Hashes = npt.NDArray[np.uint32]

CHANNEL_BITS = (18, 16, 18, 18, 18, 17)
"""Buckets of each channel of `features`, as powers of two: the head has rows for fewer."""
STARTS = tuple(np.cumsum([1, *(1 << bits for bits in CHANNEL_BITS)]).tolist())
"""The first bucket of each channel, and how many there are in all; bucket 0 is nothing."""
WINDOW = 256
"""Characters of a line that are judged together; a longer line is several, which overlap by half."""
_HALF = WINDOW // 2
_WIDTH = 16
"""Buckets of a line are padded to a multiple of it."""
_MULTIPLIERS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], np.uint32)


@dataclass(frozen=True)
class Found:
    """Buckets in the order of their lines, with the line and place of each."""

    buckets: Ints
    line: Ints
    place: Ints


def bucket(hashed: Hashes, channel: int) -> Ints:
    """Buckets of a channel by hashes."""
    mixed = (hashed ^ (hashed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    return (mixed >> np.uint32(32 - CHANNEL_BITS[channel])).astype(np.int32) + np.int32(STARTS[channel])


def rows(values: Ints, longest: int) -> Iterator[Hashes]:
    """Hashes of all rows of 1, 2, ... `longest` values, by where they begin."""
    unsigned = values.astype(np.uint32)
    hashed = np.full(len(values), 0x3C6EF372, np.uint32)
    for step in range(longest):
        ends = max(0, len(values) - step)
        hashed = (hashed[:ends] ^ unsigned[step : step + ends]) * _MULTIPLIERS[step]
        hashed ^= hashed >> np.uint32(13)
        yield hashed


def crossed(values: Ints, others: Ints) -> Hashes:
    """The hash of two for each value and the other one of its neighbor, as `rows` gives it."""
    mixed = np.stack((values[:-1], others[1:]), 1).ravel() if len(values) else values
    *_, hashed = rows(mixed, 2)
    return hashed[::2]


def in_any_order(values: Ints, length: int) -> Hashes:
    """A hash for each row of `length` values, the same for any order of them."""
    ends = max(0, len(values) - length + 1)
    mixed = values.astype(np.uint32) * _MULTIPLIERS[0]
    mixed = (mixed ^ (mixed >> np.uint32(15))) * _MULTIPLIERS[1]
    hashed = np.full(ends, length, np.uint32)
    for step in range(length):
        hashed += mixed[step : step + ends]
    found: Hashes = (hashed ^ (hashed >> np.uint32(13))) * _MULTIPLIERS[2]
    return found


def pairs(hashes: Hashes) -> Hashes:
    """A hash for each two neighbors."""
    found: Hashes = (hashes[:-1] * _MULTIPLIERS[0] ^ hashes[1:]) * _MULTIPLIERS[1]
    return found


def within(line: Ints, length: int) -> Mask:
    """Whether a row of `length` ends in the line it begins in."""
    ends = max(0, len(line) - length + 1)
    same: Mask = line[:ends] == line[len(line) - ends :]
    return same


def chosen(hashed: Hashes, mask: Mask, line: Ints, place: Ints, channel: int) -> Found:
    """Those of `mask` as buckets of a channel."""
    return Found(bucket(hashed[mask], channel), line[: len(mask)][mask], place[: len(mask)][mask])


def arrange(found: list[Found], lines: Ints, count: int) -> Ints:
    """Buckets int32 [count,windows,n] by line and window, 0 where there are fewer.

    Args:
        found: in the order that they get in a line.
        lines: the line of each character.
        count: how many lines there are.
    """
    lengths = np.bincount(lines, minlength=count)
    longest = int(lengths.max(initial=0))
    if longest > WINDOW:
        return _windows(found, lengths, max(1, -(-longest // _HALF) - 1))
    sizes = [np.bincount(each.line, minlength=count) for each in found]
    width = max(_WIDTH, -(-int(sum(sizes, np.zeros(count, np.int64)).max(initial=0)) // _WIDTH) * _WIDTH)
    table = np.zeros(count * width, np.int32)
    begin = np.arange(count) * width
    for each, size in zip(found, sizes, strict=True):
        first = np.cumsum(size) - size
        table[(begin - first)[each.line] + np.arange(len(each.line))] = each.buckets
        begin += size
    return _once(table.reshape(count, 1, width))


def _once(table: Ints) -> Ints:
    """Each bucket of a row once: who says a thing ten times has said one thing."""
    table.sort(axis=-1)
    table[..., 1:][table[..., 1:] == table[..., :-1]] = 0
    return table


def _windows(found: list[Found], lengths: npt.NDArray[np.int64], windows: int) -> Ints:
    """As `arrange`, where lines are cut into windows: a bucket is in the one or two that have its place."""
    count = len(lengths)
    firsts = np.cumsum(lengths) - lengths
    line = np.concatenate([each.line for each in found])
    buckets = np.concatenate([each.buckets for each in found])
    half = (np.concatenate([each.place for each in found]) - firsts[line]) // _HALF
    last = np.maximum(0, -(-lengths[line] // _HALF) - 2)
    again = (half > 0) & (half - 1 <= last) & (half <= last)
    row = line * windows + np.minimum(half, last)
    row = np.concatenate((row, line[again] * windows + half[again] - 1))
    buckets = np.concatenate((buckets, buckets[again]))
    order = np.argsort(row, kind="stable")
    row, buckets = row[order], buckets[order]
    sizes = np.bincount(row, minlength=count * windows)
    width = -(-int(sizes.max(initial=1)) // _WIDTH) * _WIDTH
    table = np.zeros((count * windows, width), np.int32)
    table[row, np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = buckets
    return _once(table.reshape(count, windows, width))

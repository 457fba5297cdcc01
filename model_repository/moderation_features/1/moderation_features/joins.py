"""Characters that were written apart are put together again: 女表 -> 婊, 亻尔 -> 你."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from moderation_features.canonical import Ints, Mask, Plain

LONGEST = 4
_BITS = 18
SURE = 2
"""Characters of a line that nobody writes apart by chance, from which on all of the line is put together."""


def keys(codes: Ints, length: int) -> npt.NDArray[np.int64]:
    """One number for each row of `length` characters (at most 3 exactly, 4 hashed), by where it begins."""
    ends = len(codes) - length + 1
    if ends <= 0:
        return np.zeros(0, np.int64)
    key: npt.NDArray[np.uint64] = np.zeros(ends, np.uint64)
    for step in range(length):
        turned = np.bitwise_xor(np.left_shift(key, np.uint64(_BITS)), np.right_shift(key, np.uint64(46)))
        key = np.bitwise_xor(turned, codes[step : step + ends].astype(np.uint64))
    return key.view(np.int64)


class Joins:
    """By the tables `apart2` to `apart4`, `part`, and `natural`: rows that mean no single character."""

    def __init__(self, tables: dict[str, npt.NDArray[np.generic]]) -> None:
        self._part = np.asarray(tables["part"], np.int32)
        natural = np.asarray(tables["natural"], np.int32).reshape(-1, 2)
        self._natural = np.sort(keys(natural.ravel(), 2)[::2]) if len(natural) else np.zeros(0, np.int64)
        self._rows: dict[int, tuple[npt.NDArray[np.int64], Ints]] = {}
        self._may: dict[int, tuple[Mask, Mask]] = {}
        for length in range(LONGEST, 1, -1):
            table = np.asarray(tables[f"apart{length}"], np.int32)
            key = keys(np.ascontiguousarray(table[:, :-1]).ravel(), length)[::length]
            order = np.argsort(key)
            self._rows[length] = key[order], np.ascontiguousarray(table[order, -1])
            begins, goes_on = (np.zeros(len(self._part), np.bool_) for _ in range(2))
            begins[table[:, 0]], goes_on[table[:, 1]] = True, True
            self._may[length] = begins, goes_on

    def __call__(self, plain: Plain) -> Plain:
        """The same characters, put together where they are one."""
        parts = self._part[plain.codes]
        found: list[tuple[int, int, int, bool]] = []
        for length, (known, characters) in self._rows.items():
            begins, goes_on = self._may[length]
            ends = max(0, len(parts) - length + 1)
            may = (
                begins[parts[:ends]]
                & goes_on[parts[1:][:ends]]
                & (plain.line[:ends] == plain.line[len(parts) - ends :])
            )
            hits = np.flatnonzero(may)
            key = keys(parts, length)[hits]
            place = np.minimum(np.searchsorted(known, key), len(known) - 1)
            right = known[place] == key
            hits, key, place = hits[right], key[right], place[right]
            if not len(hits):
                continue
            sure = plain.codes[hits] != parts[hits]
            sure |= ~self._is_natural(key) if length == 2 else True
            characters_found = characters[place]
            found += zip(
                hits.tolist(), [length] * len(hits), characters_found.tolist(), sure.tolist(), strict=True
            )
        return _joined(plain, found) if found else plain

    def _is_natural(self, key: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if not len(self._natural):
            return np.zeros(len(key), np.bool_)
        place = np.minimum(np.searchsorted(self._natural, key), len(self._natural) - 1)
        found: Mask = self._natural[place] == key
        return found


def _joined(plain: Plain, found: list[tuple[int, int, int, bool]]) -> Plain:
    """Put together what was found, from left to right, the longest first."""
    found.sort(key=lambda hit: (hit[0], -hit[1]))
    certain: dict[int, int] = {}
    for start, _, _, sure in found:
        certain[int(plain.line[start])] = certain.get(int(plain.line[start]), 0) + sure
    codes = plain.codes.copy()
    kept = np.ones(len(codes), np.bool_)
    end = 0
    for start, length, character, sure in found:
        if start < end or not (sure or certain[int(plain.line[start])] >= SURE):
            continue
        codes[start], end = character, start + length
        kept[start + 1 : end] = False
    return replace(plain, codes=codes).keep(kept)

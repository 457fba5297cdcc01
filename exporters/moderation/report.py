"""How the head does on the test splits: ``python -m exporters.moderation.report --data-folder FOLDER``.

The gates and all choices look at other splits; this is for the record, which it keeps in head.json.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exporters.arguments import REPOSITORY
from exporters.moderation import corpora
from exporters.moderation.categories import DEFAULT_THRESHOLD
from exporters.moderation.head import RECORD
from exporters.moderation.measure import Scorer

Mask = npt.NDArray[np.bool_]


def macro_f1(found: Mask, labels: Mask) -> float:
    """The mean of both classes' F1."""
    scores = []
    for side in (False, True):
        both = ((found == side) & (labels == side)).sum()
        scores.append(2 * both / max(1, (found == side).sum() + (labels == side).sum()))
    return float(np.mean(scores))


def calibration_error(toxicity: npt.NDArray[np.float32], labels: Mask) -> float:
    """The expected calibration error in ten equal bins (Guo et al. 2017)."""
    bins = np.minimum((toxicity * 10).astype(int), 9)
    parts = [(bins == each) for each in range(10) if (bins == each).any()]
    return float(sum(part.mean() * abs(toxicity[part].mean() - labels[part].mean()) for part in parts))


def measured(scorer: Scorer, folder: Path) -> dict[str, dict[str, float]]:
    """Accuracy and macro-F1 at even odds and at the default level, and the calibration error."""
    tests = {
        "COLD test": corpora.distinct(corpora.cold(folder, "test")),
        "OLID test": corpora.olid(folder, "test"),
        "HateCheck": corpora.hatecheck(folder),
    }
    found = {}
    for name, lines in tests.items():
        scores = scorer([line.text for line in lines])
        toxicity, labels = scores[:, 0], np.array([line.labels["toxicity"] > 0.5 for line in lines])
        found[name] = {
            "lines": len(lines),
            "calibration_error": round(calibration_error(toxicity, labels), 4),
        }
        for threshold in (0.5, DEFAULT_THRESHOLD):
            flagged = toxicity >= threshold
            found[name][f"accuracy at {threshold}"] = round(float(np.mean(flagged == labels)), 4)
            found[name][f"macro-F1 at {threshold}"] = round(macro_f1(flagged, labels), 4)
    return found


def main() -> int:
    """Measure the installed models, and keep the numbers in head.json."""
    arguments = argparse.ArgumentParser(prog="python -m exporters.moderation.report", description=__doc__)
    arguments.add_argument("--data-folder", type=Path, required=True, metavar="FOLDER")
    asked = arguments.parse_args()
    with np.load(REPOSITORY / "moderation_features" / "1" / "tables.npz") as tables:
        scorer = Scorer(REPOSITORY / "moderation_head" / "1" / "model.onnx", dict(tables))
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    record["measured"] = measured(scorer, asked.data_folder)
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(record["measured"], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

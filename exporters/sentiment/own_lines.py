"""Lines of the user's own: a CSV file with the columns text, label and language."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.errors import ExportError
from exporters.sentiment.lines import NEGATIVE, NEUTRAL, POSITIVE, Weights

COLUMNS = ("text", "label", "language")
LABELS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
LANGUAGES = ("zh", "en", "")
_LONGEST = 4096


@dataclass(frozen=True)
class Line:
    """One of them."""

    text: str
    target: Weights


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file in UTF-8.

    Raises:
        ExportError: it is no such file; the message names row (the first line is 1), column and value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise ExportError(
                    f"{path}: row 1 has the columns {', '.join(rows.fieldnames or ()) or 'none'}; "
                    f"{', '.join(missing)} is missing: use {', '.join(COLUMNS)}"
                )
            for row in rows:
                yield _line(path, rows.line_num, row)
    except UnicodeDecodeError as error:
        wrong = error.object[error.start]
        raise ExportError(f"{path} is not UTF-8 (it has 0x{wrong:02x}): save it as UTF-8") from error
    except csv.Error as error:
        raise ExportError(f"{path}: row {rows.line_num} is not CSV: {error}") from error


def _line(path: Path, number: int, row: dict[str, str | None]) -> Line:
    def wrong(column: str, expected: str) -> ExportError:
        return ExportError(f"{path}: row {number}, column {column} is {row[column]!r:.60}; {expected}")

    text, label, language = (row[name] for name in COLUMNS)
    if not text or not text.strip():
        raise wrong("text", "give the line that was written")
    if len(text.encode()) > _LONGEST:
        raise wrong("text", f"a line has at most {_LONGEST} bytes in UTF-8, not {len(text.encode())}")
    if label not in LABELS:
        raise wrong("label", f"use one of {', '.join(LABELS)}")
    if language not in LANGUAGES:
        raise wrong("language", "use zh, en, or nothing for what is neither")
    return Line(text, LABELS[label])

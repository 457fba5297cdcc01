"""`python -m perf compare A.json B.json`: what changed between two results, told from what is noise."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from perf import report
from perf.compare.differences import LEAST, Change, Comparison, Difference, Verdict, compare
from perf.options import add_output, number_that
from perf.report import Section, Table, number

WORSE = 3
"""Exit code of `--fail-on-regression` where something is worse."""
_CALLED: tuple[Verdict, ...] = ("worse", "better", "changed")
_ORDER: tuple[Verdict, ...] = (*_CALLED, "too few runs", "same")
_SHARE = number_that(lambda share: 0 <= share < 1, f"a share from 0 to below 1, such as {LEAST:g}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf compare`."""
    add = parser.add_argument
    add("a", type=Path, help="the result before, as any command with --out wrote it")
    add("b", type=Path, help="the result after, of the same command")
    add("--least", type=_SHARE, default=LEAST, help="changes below this share are drift (%(default)s)")
    add("--fail-on-regression", action="store_true", help=f"exit with {WORSE} if anything is worse")
    add_output(parser, "compare")


def run(options: argparse.Namespace) -> int:
    """Compares, shows and saves."""
    a, b = report.load(options.a), report.load(options.b)
    console = report.console(as_json=options.json)
    with console.status("comparing"):
        found = compare(a, b, (str(options.a), str(options.b)), options.least)
    result = cast(Mapping[str, object], found)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    worse = any(difference["verdict"] == "worse" for difference in found["differences"])
    return WORSE if worse and options.fail_on_regression else 0


def section(result: Mapping[str, object]) -> Section:
    """A comparison as it is shown: what is not alike first, then what differs, then what does not."""
    found = cast(Comparison, result)
    tables = [_origins(found)]
    if found["settings_changed"]:
        tables.append(_changes("not the same in both", found["settings_changed"]))
    tables.append(_differences(found))
    if found["single"]:
        tables.append(_changes("measured once: nothing to judge by", found["single"]))
    return Section(
        f"Comparison of two results of {found['of']}", _headline(found), tuple(tables), (), _notes(found)
    )


def _headline(found: Comparison) -> str:
    verdicts = [difference["verdict"] for difference in found["differences"]]
    called = {name: verdicts.count(name) for name in _CALLED if name in verdicts}
    few, tested = verdicts.count("too few runs"), len(verdicts) - verdicts.count("too few runs")
    parts = []
    if found["settings_changed"]:
        kinds = dict.fromkeys(change["what"].partition(".")[0] for change in found["settings_changed"])
        parts.append(f"Not like with like: {', '.join(kinds)} not the same in both.")
    if called:
        counts = ", ".join(f"{count} {name}" for name, count in called.items())
        parts.append(f"{sum(called.values())} of {tested} metrics stand out of the noise: {counts}.")
    elif tested:
        parts.append(f"None of {tested} metrics stands out of the noise.")
    if few:
        parts.append(
            f"{few} metrics have too few runs to tell (needs {found['runs_needed']} in each result)."
        )
    return " ".join(parts) or "The results have no metric in common."


def _origins(found: Comparison) -> Table:
    origins = [{"name": "A", **found["a"]}, {"name": "B", **found["b"]}]
    columns = {"": "name", "file": "file", "measured at": "measured_at", "commit": "commit"}
    columns |= {"load as it began": "machine.load_1min"}
    return Table.of("what is compared", origins, columns, left=["file", "measured at", "commit"])


def _changes(title: str, changes: Sequence[Change]) -> Table:
    texts = [{name: _text(value) for name, value in change.items()} for change in changes]
    return Table.of(title, texts, {"what": "what", "A": "a", "B": "b"})


def _differences(found: Comparison) -> Table:
    ordered = sorted(found["differences"], key=lambda found: _ORDER.index(found["verdict"]))
    columns = {"row": "row", "metric": "metric", "A": "a", "B": "b", "B / A": "ratio:.3f"}
    columns |= {"spread of A": "a_spread", "of B": "b_spread", "p": "p:.4f", "verdict": "verdict"}
    return Table.of(
        "medians of the runs",
        list(map(_shown, ordered)),
        columns,
        caption=f"spread: interquartile range of the runs. A difference is called where p, corrected for all "
        f"metrics together, is at most {found['alpha']:g}, and the medians lie further apart than either "
        f"spread and than {found['least']:.0%} of A.",
        left=["metric", "verdict"],
    )


def _shown(found: Difference) -> Mapping[str, object]:
    """With so many digits that there are about four that count."""
    digits = max(0, 4 - len(f"{max(abs(found['a']), abs(found['b'])):.0f}"))
    values = {"a": found["a"], "b": found["b"], "a_spread": found["a_spread"], "b_spread": found["b_spread"]}
    return {**found, **{name: number(value, digits) for name, value in values.items()}}


def _notes(found: Comparison) -> tuple[str, ...]:
    notes = [
        "p: permutation test with Welch's t, against the largest of all metrics (Westfall and Young's maxT). "
        "'same' is not proof of sameness: few or noisy runs hide even large changes.",
        f"If nothing changed, the chance that any difference is called is at most {found['alpha']:.0%}.",
        "Runs of a result share its session. What differs between sessions, such as a neighbor on the "
        "machine, looks like a change: measure A and B in turn, twice, before a small one is believed.",
    ]
    for name, origin in (("A", found["a"]), ("B", found["b"])):
        if origin["busy"]:
            notes.append(f"Others were at work on the machine as {name} began: {origin['busy']}.")
    notes += [f"Only in A: {row}." for row in found["only_in_a"]]
    notes += [f"Only in B: {row}." for row in found["only_in_b"]]
    return tuple(notes)


def _text(value: object) -> str:
    return "-" if value is None else str(value)

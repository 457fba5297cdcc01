"""One way to write results (JSON that can be judged later) and one way to draw them (terminal, PNG, HTML)."""

from perf.report.drawing import Figure, Row, Section, Table, lines, number
from perf.report.publishing import publish
from perf.report.results import BUILD, PROJECT, busy, console, flat, load, origin, provenance, save
from perf.report.steps import Steps

__all__ = [
    "BUILD",
    "PROJECT",
    "Figure",
    "Row",
    "Section",
    "Steps",
    "Table",
    "busy",
    "console",
    "flat",
    "lines",
    "load",
    "number",
    "origin",
    "provenance",
    "publish",
    "save",
]

"""One way to write results (JSON that can be judged later) and one way to draw them (terminal, PNG, HTML)."""

from perf.report.drawing import Figure, Section, Table, number
from perf.report.publishing import publish
from perf.report.results import BUILD, PROJECT, busy, console, flat, load, origin, provenance, save
from perf.report.steps import Steps

__all__ = [
    "BUILD",
    "PROJECT",
    "Figure",
    "Section",
    "Steps",
    "Table",
    "busy",
    "console",
    "flat",
    "load",
    "number",
    "origin",
    "provenance",
    "publish",
    "save",
]

"""The Grafana dashboard as code: `panels` as the JSON that Grafana 10 and later import."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from k8s.panels import ROWS, Panel

FILE = Path(__file__).parent / "base" / "monitoring" / "dashboard.json"

_WIDTH, _COLUMNS = 24, 3  # of Grafana's grid
_HEIGHT = 8
_SOURCE = {"type": "prometheus", "uid": "$datasource"}


def expressions(namespace: str = ".*") -> list[str]:
    """Every query of the dashboard, in its order, for the namespaces that match `namespace` (a regex)."""
    return [
        _query(query, namespace)
        for panels in ROWS.values()
        for panel in panels
        for query in panel.queries.values()
    ]


def text() -> str:
    """The file's content."""
    dashboard = {
        "uid": "liveroom",
        "title": "liveroom",
        "tags": ["liveroom"],
        "schemaVersion": 39,
        "timezone": "utc",
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_datasource(), _namespace()]},
        "panels": list(_panels()),
    }
    return json.dumps(dashboard, indent=1) + "\n"


def _query(text: str, namespace: str) -> str:
    clusters = 'envoy_cluster_name=~"calls|rooms|studios",job="gateway",$here'
    return text.replace("$clusters", clusters).replace("$here", f'namespace=~"{namespace}"')


def _panels() -> Iterator[dict[str, Any]]:
    number, top, width = 1, 0, _WIDTH // _COLUMNS
    for title, panels in ROWS.items():
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "gridPos": _place(0, top, _WIDTH, 1),
            "panels": [],
        }
        number, top = number + 1, top + 1
        for index, panel in enumerate(panels):
            row, column = divmod(index, _COLUMNS)
            yield _graph(panel, number, _place(column * width, top + row * _HEIGHT, width, _HEIGHT))
            number += 1
        top += -(-len(panels) // _COLUMNS) * _HEIGHT


def _graph(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, str | float | None]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "gridPos": place,
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": {"thresholdsStyle": {"mode": "off" if panel.limit is None else "area"}},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": _query(query, "$namespace"),
                "legendFormat": legend,
            }
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def _datasource() -> dict[str, str]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus"}


def _namespace() -> dict[str, Any]:
    return {
        "name": "namespace",
        "type": "query",
        "datasource": _SOURCE,
        "query": 'label_values(up{job="triton"}, namespace)',
        "includeAll": True,
        "allValue": ".*",  # takes in series that have none: those of a cluster on one machine
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
    }


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}

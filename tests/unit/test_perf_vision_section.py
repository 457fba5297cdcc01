"""A result of `perf vision` as it is shown and compared, from its JSON alone."""

import json

import pytest

from perf.__main__ import main
from perf.compare.rows import rows
from perf.vision.labels import LIVE, NOBODY
from perf.vision.section import section

RESULT: dict[str, object] = {
    "kind": "vision",
    "vision": [
        {
            "name": "vision 640x480",
            "concurrency": callers,
            **{"frames_per_s": 20.0 * callers, "p50_ms": 24.0, "p95_ms": 30.0, "p99_ms": 31.0},
            **{"in_process_per_s": 50.0, "in_process_ms": 22.0, "served_over_bare": 0.4 * callers},
            "parts": [{"name": "nsfw", "queue_ms": 1.0, "compute_ms": 9.0, "batch": 1.5}],
            **{"in_process_layout": "2 x 1 thread, batch 1", "input": "13 frames"},
            "runs": {"frames_per_s": [20.0 * callers], "served_over_bare": [0.4 * callers]},
        }
        for callers in (1, 2)
    ],
    "studio": [
        {
            "name": f"studio 640x360, {effects}",
            **{"effects": effects, "rooms": 1, "frames_per_s": fps},
            **{"p50_ms": 24.0, "p95_ms": 30.0, "p99_ms": 31.0, "parts": []},
            "runs": {"frames_per_s": [fps]},
        }
        for effects, fps in (("blur", 40.0), ("everything", 16.0))
    ],
    "detectors": [
        {
            "name": f"blazeface, {framing}",
            **{"detector": "blazeface", "framing": framing, "faces": faces, "found": faces},
            **{
                "missed": 0,
                "false": 0,
                "f1": 1.0 if faces else None,
                "iou": 0.7,
                "iou_like": None,
                "ms": 4.0,
            },
            "runs": {"detect_ms": [4.0], "f1": [1.0 if faces else None]},
        }
        for framing, faces in ((LIVE, 49), (NOBODY, 0))
    ],
    "reach": [
        {
            "name": "blazeface, by height",
            **{"detector": "blazeface", "heights_px": [8, 16, 32], "faces": [4, 0], "found": [1, 0]},
        }
    ],
    "matte": [
        {
            "name": "matte, photos",
            **{"subject": "photos", "pictures": 21, "iou_raw": 0.98, "least_iou_raw": 0.9},
            **{"iou_steadied": 0.97, "network_ms": 4.0, "peer_ms": 5.0},
        }
    ],
    "recognition": [
        {
            "name": "recognition, photos",
            **{"subject": "photos", "same_pairs": 6, "other_pairs": 500, "not_found": 2, "default": 0.36},
            **{"farthest_same": 0.33, "nearest_others": 0.35, "thresholds": [0.33, 0.36]},
            **{"false_reject": [0.1, 0.0], "false_accept": [0.0, 0.004]},
        }
    ],
    "not_measured": {"MTCNN": "the environment of facenet-pytorch can't be made: pip said: no"},
}


def test_a_result_is_drawn_from_its_json() -> None:
    drawn = section(json.loads(json.dumps(RESULT)))
    assert drawn.headline == (
        "vision does 40.0 frames a second at 2 callers (goal 30), 0.80 of one process without a server "
        "(goal 0.8); p50 at one caller 24.0 ms (aim 25). studio does 16.0 (everything, rooms: 1) to 40.0 "
        "(blur, rooms: 1) frames a second (goal 15, aim 30). The matte's IoU with mediapipe's is 0.980 to "
        "0.980 (goal 0.97)."
    )
    assert all(len(cells) == len(table.columns) for table in drawn.tables for cells in table.rows)
    assert drawn.tables[-1].rows[1] == ("0.36 (default)", "0.0%", "0.4%")
    assert [figure.name for figure in drawn.figures] == [
        "frames",
        "studio",
        "detectors",
        "recognition",
        "reach",
    ]
    assert all(figure.png().startswith(b"\x89PNG") for figure in drawn.figures)
    assert any("MTCNN was not measured" in note for note in drawn.notes)


@pytest.mark.parametrize("part", ["vision", "studio", "detectors", "matte", "recognition"])
def test_a_part_is_drawn_on_its_own(part: str) -> None:
    drawn = section({part: RESULT[part]})
    assert drawn.tables
    assert all(len(cells) == len(table.columns) for table in drawn.tables for cells in table.rows)


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(RuntimeError, match="not a result of perf vision"):
        section({"rooms": []})


def test_rows_can_be_told_apart_by_perf_compare() -> None:
    found = rows(RESULT, "vision.json")
    assert found["vision 640x480, concurrency 2"]["served_over_bare"] == [0.8]
    assert found["studio 640x360, blur, rooms 1"]["frames_per_s"] == [40.0]
    assert found["matte, photos"]["iou_raw"] == [0.98]
    assert found["blazeface, nobody"]["f1"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parts", "hearing"), "invalid choice: 'hearing'"),
        (("--concurrency", "0"), "0: expected a whole number, 1 or more"),
        (("--seconds", "100"), "100: expected seconds, from 0.1 to 60"),
    ],
)
def test_a_wrong_option_is_said(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["vision", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err

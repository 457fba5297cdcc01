"""The page of all results: what is on it, that it needs nothing else, and that no file can break it."""

import json
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib import rcParams
from matplotlib.axes import Axes

from perf import report
from perf.__main__ import COMMANDS, main
from perf.report.page import redraw

PNG = b"\x89PNG\r\n"


class Reader(HTMLParser):
    """What a browser makes of the page: its text, what it refers to, and which elements stay open."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.text = ""
        self.references: list[str] = []
        self.open: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]
        if tag not in ("meta", "img", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def draw(axes: Axes) -> None:
    axes.plot([1, 2, 4], [0.2, 0.3, 0.9], label="p95")
    axes.legend()


def section(result: Mapping[str, object]) -> report.Section:
    rows = ((str(result["model"]), "1,234"),)
    return report.Section(
        "Probe",
        f"{result['model']} is fast",
        (report.Table("rows", ("model", "infer/s"), rows, caption="of & by"),),
        (report.Figure("curve", "Curve", draw),),
        ("not [bold] here",),
    )


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command named `probe`, as any module with a `section` is one."""
    module = ModuleType("perf_probe")
    vars(module)["section"] = section
    monkeypatch.setitem(sys.modules, "perf_probe", module)
    monkeypatch.setitem(COMMANDS, "probe", ("perf_probe", "a test's"))


def publish(folder: Path, model: str, capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> str:
    result = report.provenance({"seconds": 3}) | {"kind": "probe", "model": model}
    console = report.console(as_json=as_json)
    report.publish(result, section(result), folder / "probe.json", console=console, as_json=as_json)
    return capsys.readouterr().out


def test_a_published_result_is_on_the_page_with_its_tables_plots_and_origin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = publish(tmp_path, "asr", capsys)
    assert "asr is fast" in shown
    assert "not [bold] here" in shown
    assert (tmp_path / "probe-curve.png").read_bytes().startswith(PNG)
    page = Reader(tmp_path / "report.html")
    assert page.open == []
    assert all(each in page.text for each in ("Probe", "asr is fast", "1,234", "of & by", "settings.seconds"))
    assert [each.partition(",")[0] for each in page.references] == [
        "#probe",
        "data:image/png;base64",
        "data:image/png;base64",
    ]
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_with_json_stdout_has_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(publish(tmp_path, "asr", capsys, as_json=True))["model"] == "asr"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'a"b&c', "[red]房间[/red]"])
def test_names_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert name in publish(tmp_path, name, capsys)
    page = Reader(tmp_path / "report.html")
    assert name in page.text
    assert "script" not in page.open


def test_files_that_are_no_results_are_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strangers = {
        "broken.json": "{",
        "list.json": "[]",
        "foreign.json": '{"kind": "weather"}',
        "kindless.json": '{"models": []}',
        "odd_kind.json": '{"kind": ["probe"]}',
        "lacking.json": '{"kind": "probe"}',
    }
    for file, text in strangers.items():
        (tmp_path / file).write_text(text)
    publish(tmp_path, "asr", capsys)
    page = redraw(tmp_path)
    assert page.shown == ("probe.json",)
    assert set(page.left_out) == set(strangers)
    assert "KeyError" in page.left_out["lacking.json"]
    assert "'weather'" in page.left_out["foreign.json"]
    text = Reader(page.path).text
    assert all(file in text for file in strangers)


def test_results_stand_in_the_order_of_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "after", ("perf_probe", "a test's"))
    for file, kind in (("a.json", "after"), ("z.json", "probe"), ("b.json", "after")):
        report.save(tmp_path / file, {"kind": kind, "model": file})
    assert redraw(tmp_path).shown == ("z.json", "a.json", "b.json")


def test_a_figure_has_a_light_and_a_dark_face_and_leaves_no_style_behind() -> None:
    before = dict(rcParams)
    figure = report.Figure("curve", "Curve", draw)
    light, dark = figure.png(), figure.png(dark=True)
    assert light.startswith(PNG)
    assert dark.startswith(PNG)
    assert light != dark
    assert dict(rcParams) == before


def test_the_page_can_be_drawn_again_on_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.save(tmp_path / "a.json", {"kind": "probe", "model": "asr"})
    (tmp_path / "b.json").write_text("{")
    assert main(["report", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"] == str(tmp_path / "report.html")
    assert told["shown"] == ["a.json"]
    assert list(told["left_out"]) == ["b.json"]
    assert main(["report", str(tmp_path)]) == 0
    assert "b.json" in capsys.readouterr().out


def test_a_folder_without_results_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none")]) == 1
    assert "has no results" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

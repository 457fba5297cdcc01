"""README.md and docs/ say the same in both languages, lead somewhere, and leave no page unfound."""

import argparse
import importlib
import shlex
import string
from collections import defaultdict
from itertools import takewhile
from pathlib import Path

import pytest
from liveroom.cli import _parser as liveroom_parser

from cluster import command as cluster_command
from exporters import arguments as exporters_arguments
from perf.__main__ import COMMANDS as PERF
from tests.docs import ENGLISH, ROOT, Page, chinese

OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "k8s").glob("*.md"))]
ALL = [
    page
    for page in (*ENGLISH, *map(chinese, ENGLISH), *OTHERS, ROOT / "model_repository" / "README.md")
    if page.exists()
]
each_page = pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.name)


def test_the_pages_are_found() -> None:
    names = {page.name for page in ENGLISH}
    assert {"README.md", "first-room.md", "service.md", "protocol.md", "measuring.md", "limits.md"} <= names


@each_page
def test_both_languages_have_the_same_sections_lists_tables_and_pictures(path: Path) -> None:
    assert Page.read(chinese(path)).outline() == Page.read(path).outline()


@each_page
def test_both_languages_have_the_same_commands_and_programs(path: Path) -> None:
    english, translated = Page.read(path), Page.read(chinese(path))
    assert translated.shown() == english.shown()
    for language in {token.info for token in english.tokens if token.type == "fence"} - {"text"}:
        assert translated.code(language) == english.code(language)


@each_page
def test_both_languages_have_the_same_numbers_and_names(path: Path) -> None:
    english, translated = Page.read(path), Page.read(chinese(path))
    assert translated.literals() == english.literals()
    assert translated.numbers() == english.numbers()
    assert translated.cells() == english.cells()


@each_page
def test_both_languages_lead_to_the_same_pages_each_in_its_own(path: Path) -> None:
    """But for the link at the top, to the other language."""
    [switch, *english], [back, *translated] = Page.read(path).links(), Page.read(chinese(path)).links()
    assert (switch, back) == (chinese(path).name, path.name)
    pages = [link.partition("#")[0] for link in english]
    expected = [str(chinese(Path(page))) if chinese(path.parent / page) in ALL else page for page in pages]
    assert [link.partition("#")[0] for link in translated] == expected
    assert ["#" in link for link in translated] == ["#" in link for link in english]


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_links_lead_to_what_is_there(path: Path) -> None:
    for link in Page.read(path).links():
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{path.name}: no {link}"
        assert not anchor or anchor in Page.read(target).anchors(), f"{path.name}: no section {link}"


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "README.zh.md"], ids=lambda path: path.name)
def test_the_readme_is_short_and_leads_to_every_page(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 150
    linked = {path.parent / link for link in Page.read(path).links()}
    pages = {chinese(page) if ".zh" in path.name else page for page in ENGLISH} - {path}
    assert pages <= linked


@pytest.mark.parametrize("command", sorted({line for page in ENGLISH for line in Page.read(page).shown()}))
def test_a_command_that_takes_too_long_for_a_test_has_such_options(command: str) -> None:
    environment = defaultdict(lambda: str(ROOT / "README.md"), LIVEROOM_URL="127.0.0.1:8001")
    match shlex.split(string.Template(command).substitute(environment)):
        case ["python", "-m", "perf", "analyzer", *_] | ["make" | "export", *_]:
            pass  # the words of others; see tests/triton/test_readme.py for make
        case ["python", "-m", "perf", name, *words]:
            parser = argparse.ArgumentParser()
            importlib.import_module(PERF[name][0]).add_arguments(parser)
            parser.parse_args(words)
        case ["python", "-m", "exporters", *words]:
            exporters_arguments.parser().parse_args(words)
        case ["python", "-m", "cluster", *words]:
            cluster_command.parser().parse_args(words)
        case ["liveroom", *words]:
            liveroom_parser.parser().parse_args(list(takewhile(lambda word: word != "|", words)))
        case _:
            pytest.fail(f"nothing knows how to read {command}: put it into ```console, or teach this test")

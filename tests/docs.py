"""README.md and docs/ in both languages, as Markdown's own structure: what tests hold them to."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
ENGLISH = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").glob("*.md") if not path.name.endswith(".zh.md")),
]
_OUTLINE = {"heading_open", "list_item_open", "tr_open", "th_open", "td_open", "fence", "code_block", "image"}


def chinese(page: Path) -> Path:
    """Where the same is said in Chinese."""
    return page.with_suffix(".zh.md")


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        tokens: blocks, as markdown-it has them, each followed by its inline ones.
    """

    path: Path
    tokens: tuple[Token, ...]

    @classmethod
    def read(cls, path: Path) -> "Page":
        """Reads and parses `path`."""
        blocks = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
        return cls(path, tuple(token for block in blocks for token in (block, *(block.children or ()))))

    def outline(self) -> list[str]:
        """Headings, items of lists, rows and cells of tables, blocks of code and pictures, in order."""
        return [f"{token.tag} {token.info}".strip() for token in self.tokens if token.type in _OUTLINE]

    def code(self, language: str) -> list[str]:
        """Blocks fenced with ```language, in order."""
        return [token.content for token in self.tokens if token.type == "fence" and token.info == language]

    def commands(self) -> list[str]:
        """Lines of ```console, which tests run."""
        return [line for block in self.code("console") for line in block.splitlines() if line]

    def shown(self) -> list[str]:
        """Lines of indented blocks, without comments: commands that take too long for a test."""
        blocks = (token.content for token in self.tokens if token.type == "code_block")
        return [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines() if line]

    def literals(self) -> set[str]:
        """What stands in `backticks`."""
        return {token.content for token in self.tokens if token.type == "code_inline"}

    def numbers(self) -> list[set[str]]:
        """Numbers in prose and tables, a set for each section."""
        sections: list[set[str]] = [set()]
        for token in self.tokens:
            if token.type == "heading_open":
                sections.append(set())
            elif token.type in ("text", "code_inline"):
                sections[-1].update(_numbers(token.content))
        return sections

    def cells(self) -> list[list[str]]:
        """Numbers in each cell of the tables; within one their order may be that of the language."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return [
            sorted(_numbers(after.content)) for token, after in pairs if token.type in ("th_open", "td_open")
        ]

    def links(self) -> list[str]:
        """Where links and pictures lead, in order."""
        return [
            unquote(str(token.attrs.get("href") or token.attrs.get("src")))
            for token in self.tokens
            if token.type in ("link_open", "image")
        ]

    def anchors(self) -> set[str]:
        """Of its headings, as GitHub and GitLab make them."""
        headings = (
            after.content
            for token, after in zip(self.tokens, self.tokens[1:], strict=False)
            if token.type == "heading_open"
        )
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text))

"""Report pages for tests: made by the real command's parts, read back by a strict parser."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from inspect_tool.opened import open_path
from inspect_tool.report.html import Contents
from inspect_tool.report.html_file import write_page
from inspect_tool.report.html_rows import chosen_rows
from inspect_tool.samples.checks.run import check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

VOID = {"meta", "link", "br", "hr", "img", "input"}

PAYLOADS = {
    "script": "<script>window.ran='script'</script>",
    "end of script": "</script><script>window.ran='end of script'</script>",
    "end of style": "</style><script>window.ran='end of style'</script>",
    "end of pre": "</pre></article><img src=x onerror=\"window.ran='end of pre'\">",
    "image": "<img src=x onerror=window.ran='image'>",
    "svg": "<svg onload=window.ran='svg'><animate onbegin=window.ran='svg'>",
    "quotes": "\" onmouseover=\"window.ran='quotes'\" x='",
    "comment": "--><script>window.ran='comment'</script><!--",
    "template": "{{ 7*7 }}{% for x in y %}${7*7}",
    "frame": "<iframe src=\"javascript:parent.ran='frame'\"></iframe>",
    "link": "<a href=\"javascript:window.ran='link'\">x</a>",
    "base": "<base href=http://example.org/><link rel=stylesheet href=x.css>",
    "entity": "&lt;b&gt; &#60;script&#62; &amp;amp;",
    "cdata": "]]><script>window.ran='cdata'</script>",
    "bidi": "\u202e<tpircs>\u2066\u202c",
    "nul": "a\x00<scr\x00ipt>b\x0c\x1b[31m\x7f\x9b",
    "separators": "\u2028\u2029\ufeff\u200b",
}
"""Text that leaves the element, the attribute or the script that it is written into."""


def word_tokenizer(folder: Path, pieces: Sequence[str]) -> Path:
    """Write a tokenizer whose tokens are ``pieces``; the first one is special."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "model": {"type": "WordLevel", "vocab": {text: n for n, text in enumerate(pieces)}},
        "added_tokens": [{"id": 0, "content": pieces[0], "special": True}],
        "decoder": {"type": "Fuse"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def page_of(
    path: Path,
    file: Path,
    *,
    tokenizer: Path | None = None,
    config: Path | None = None,
    limit: int = 20,
) -> Path:
    """Write the report of a prepared folder to ``file`` and return it."""
    opened = open_path(path, config=config, tokenizer=str(tokenizer) if tokenizer else None)
    values = opened.target.config.values if opened.target.config else None
    checked = check(opened.dataset, opened.vocabulary, config=values)
    rows = chosen_rows(checked.findings, len(opened.dataset), limit=limit)
    write_page(Contents(opened=opened, checked=checked, rows=rows, made=MADE), file)
    return file


@dataclass
class Element:
    """One element of a page, with its own text and its children."""

    tag: str
    attributes: dict[str, str]
    parts: list[str | Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text inside, but not what is written for ears alone."""
        if "vh" in self.attributes.get("class", "").split():
            return ""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def all(self, tag: str = "", *, of_class: str = "") -> list[Element]:
        """Elements below this one by tag and class, in document order."""
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                classes = part.attributes.get("class", "").split()
                if tag in {"", part.tag} and (not of_class or of_class in classes):
                    found.append(part)
                found += part.all(tag, of_class=of_class)
        return found

    def by_id(self, name: str) -> Element:
        """The one element with this id."""
        (found,) = [element for element in self.all() if element.attributes.get("id") == name]
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        assert element.tag == tag, f"<{element.tag}> ends with </{tag}>"

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def read_page(file: Path) -> Element:
    """Parse a page; every element must be closed, in order."""
    reader = _Reader()
    reader.feed(file.read_text("utf-8"))
    reader.close()
    assert reader._open == [reader.root], "an element is never closed"
    return reader.root

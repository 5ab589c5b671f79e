"""The page as a document: complete in itself, well formed, honest, and deaf to what it shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from inspect_tool.report.html_pieces import shown
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import ATTENTION, IDS, LABELS, answered, save, supervised
from tests.report.html_pages import PAYLOADS, Element, page_of, read_page, word_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSES = re.compile(r"^(?:[a-z]+:)?//", re.IGNORECASE)
CONFIG = """base_model: tiny
datasets:
  - path: data.jsonl
    type: alpaca
hub_token: hf_abcdefghijklmnopqrstuvwxyz
wandb_project: <b>bold</b>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows of a chat; row 3 trains nothing, row 5 is row 4 again."""
    rows = [answered(range(300 + 40 * n, 330 + 40 * n), prompt=9) for n in range(5)]
    rows[3] = answered(range(500, 520), prompt=20)
    return save(tmp_path_factory.mktemp("rows"), supervised([*rows, rows[4]]))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config that holds a token of the Hub and some HTML."""
    file = tmp_path_factory.mktemp("config") / "train.yml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page(
    folder: Path, config: Path, mistral_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Element:
    """The report of those rows and that config."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    return read_page(page_of(folder, file, tokenizer=mistral_dir, config=config))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of rows, columns and a tokenizer that are all out to run something."""
    place = tmp_path_factory.mktemp("hostile")
    return page_of(
        hostile_rows(place / "<img src=x onerror=window.ran='path'>"),
        place / "report.html",
        tokenizer=word_tokenizer(place / "tokenizer", list(PAYLOADS.values())),
    )


def hostile_rows(folder: Path) -> Path:
    """Write rows of hostile tokens beside hostile columns."""
    ids = list(range(len(PAYLOADS)))
    clean = [text.encode("utf-8", "replace").decode() for text in PAYLOADS.values()]
    table = pa.table(
        {
            "input_ids": pa.array([ids, ids[::-1], [-5, 2**31 - 1], []], IDS),
            "labels": pa.array([ids, [-100] * len(ids), [7, -100], []], LABELS),
            "attention_mask": pa.array([[1] * len(ids)] * 2 + [[1, 0], []], ATTENTION),
            "".join(clean[:3]): ["".join(clean)] * 4,
            "messages": [[{"role": clean[0], "content": clean[1]}]] * 4,
        }
    )
    return save(folder, table)


def test_nothing_is_loaded_from_elsewhere(page: Element) -> None:
    """No element names another resource, and links stay within the page."""
    named = [
        (element.tag, value)
        for element in page.all()
        for name, value in element.attributes.items()
        if name in {"src", "href", "action", "data", "poster", "srcset", "background"}
    ]

    assert [entry for entry in named if entry[0] != "a" or not entry[1].startswith("#")] == []


def test_every_link_has_its_place(page: Element) -> None:
    """Each link leads to exactly one element."""
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    targets = {link.attributes["href"].removeprefix("#") for link in page.all("a")}

    assert len(ids) == len(set(ids))
    assert targets - set(ids) == set()


def test_references_of_aria_are_there(page: Element) -> None:
    """What is labelled or described by another element names one that exists."""
    ids = {element.attributes.get("id") for element in page.all()}
    named = {
        reference
        for element in page.all()
        for name in ("aria-labelledby", "aria-describedby")
        for reference in element.attributes.get(name, "").split()
    }

    assert named - ids == set()


def test_the_policy_names_our_own_script_and_style(page: Element) -> None:
    """The policy allows nothing but the page's script and style, by their hashes."""
    (policy,) = [
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    scripts = [s for s in page.all("script") if "type" not in s.attributes]
    digests = [
        base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        for element in (*scripts, *page.all("style"))
    ]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert [f"'sha256-{digest}'" in policy for digest in digests] == [True, True]


def test_no_element_has_a_handler_or_style_of_its_own(page: Element) -> None:
    """The policy would refuse them, so the page needs none."""
    names = {name for element in page.all() for name in element.attributes}

    assert {name for name in names if name.startswith("on") or name == "style"} == set()


def test_the_text_of_a_row_is_the_decoded_text(
    page: Element, folder: Path, mistral_dir: Path
) -> None:
    """Without any script a sample reads as its tokens decode."""
    sequence = PreparedDataset.open(folder).sample(0).sequences[0]

    (tokens,) = page.by_id("row-0").all("pre")

    assert tokens.text == shown(Vocabulary.load(mistral_dir).decode(sequence.ids))


def test_trained_runs_are_those_of_the_labels(page: Element) -> None:
    """What the page draws as trained are the stored labels, nothing else."""
    (tokens,) = page.by_id("row-0").all("pre")

    runs = [
        (run.attributes["class"], run.attributes["data-at"])
        for run in tokens.all()
        if "run" in run.attributes.get("class", "")
    ]

    assert runs == [("run m", "0"), ("run t", "9")]


def test_runs_are_told_to_ears(page: Element) -> None:
    """A screen reader hears once per run whether it is trained."""
    (tokens,) = page.by_id("row-0").all("pre")

    assert [part.parts for part in tokens.all(of_class="vh")] == [["masked: "], ["trained: "]]


def test_problem_rows_come_first(page: Element) -> None:
    """The rows that findings name stand before the others."""
    order = [article.attributes["id"] for article in page.all("article", of_class="sample")]

    assert order[0] == "row-3"
    assert sorted(order) == [f"row-{row}" for row in range(6)]


def test_a_finding_links_to_its_rows(page: Element) -> None:
    """The row that trains nothing can be reached from the finding that says so."""
    (finding,) = [f for f in page.all("article", of_class="finding") if "L-ALL-MASKED" in f.text]

    assert [link.attributes["href"] for link in finding.all("a") if link.text == "3"] == ["#row-3"]


def test_plots_say_in_words_what_they_show(page: Element) -> None:
    """Each plot is an image with a name, a description and the numbers as a table."""
    figures = page.all("figure")

    assert [figure.all("title")[0].text.split(":")[0] for figure in figures] == [
        "Length",
        "Trained share",
    ]
    assert all("median" in f.text or "nothing trained" in f.text for f in figures)
    totals = [
        sum(int(cells.all("td")[1].text) for cells in f.all("tr") if cells.all("td"))
        for f in figures
    ]
    assert totals == [6, 6]


def test_the_config_keeps_its_lines(page: Element) -> None:
    """Line 3 of the page's config is line 3 of the file."""
    assert page.by_id("config-3").text == "  - path: data.jsonl\n"


def test_the_config_keeps_its_secrets(page: Element) -> None:
    """A token of the Hub is left out, and the page says so."""
    assert page.by_id("config-5").text == "hub_token: «value left out»\n"


def test_the_config_cannot_bring_elements(page: Element) -> None:
    """HTML in the config is text."""
    assert page.by_id("config-6").text == "wandb_project: <b>bold</b>\n"


def test_pieces_tell_what_a_token_is(page: Element, mistral_dir: Path) -> None:
    """The table of tokens has piece and bytes of each id that is shown."""
    table = json.loads(page.by_id("pieces").text)

    vocabulary = Vocabulary.load(mistral_dir)
    assert table["300"] == [
        shown(vocabulary.piece(300)),
        vocabulary.bytes_of(300).hex(" "),
        "",
    ]


def test_hostile_text_brings_no_element(hostile: Path) -> None:
    """Whatever tokens, columns and paths hold, the page has its own elements only."""
    page = read_page(hostile)

    tags = {element.tag for element in page.all()}

    assert tags & {"img", "iframe", "object", "embed", "base", "link", "form", "animate"} == set()
    assert len(page.all("script")) == 2
    assert len(page.all("style")) == 1


def test_hostile_text_is_readable(hostile: Path) -> None:
    """What tries to run is shown as the text that it is."""
    (tokens,) = read_page(hostile).by_id("row-0").all("pre")

    assert tokens.text == "".join(shown(text) for text in PAYLOADS.values())


def test_no_invisible_character_is_in_the_page(hostile: Path) -> None:
    """Controls, bidi marks and zero-width characters are written as what stands for them."""
    text = hostile.read_text("utf-8")

    assert {char for char in text if not char.isprintable()} <= {"\n", "\t"}


def test_a_folder_without_tokenizer_shows_ids(folder: Path, tmp_path: Path) -> None:
    """Ids are shown, and the page says what names a tokenizer."""
    page = read_page(page_of(folder, tmp_path / "report.html"))

    (tokens,) = page.by_id("row-0").all("pre")

    assert tokens.text.startswith("300 301 302 ")
    assert "--tokenizer" in page.all(of_class="notice")[0].text


def test_the_tokenizer_is_named_as_it_was_given(page: Element, mistral_dir: Path) -> None:
    """Its name and who named it, not where a copy of it is kept."""
    assert f"{mistral_dir} (from --tokenizer)" in page.text


def test_a_damaged_row_says_so(tmp_path: Path) -> None:
    """A row that cannot be read has an error in its place, the others are shown."""
    table = pa.table(
        {
            "input_ids": pa.array([[5, 6, 7], [5, 6]], IDS),
            "labels": pa.array([[5, 6], [5, 6]], LABELS),
        }
    )

    page = read_page(page_of(save(tmp_path / "rows", table), tmp_path / "report.html"))

    assert "labels has 2 entries for 3 tokens" in page.by_id("row-0").text
    assert page.by_id("row-1").all("pre")


def test_pairs_are_side_by_side(tmp_path: Path) -> None:
    """Chosen and rejected stand in one grid, each with its name."""
    table = pa.table({"prompt": ["p"], "chosen": ["yes <b>"], "rejected": ["no"]})

    page = read_page(page_of(save(tmp_path / "rows", table), tmp_path / "report.html"))

    (grid,) = page.by_id("row-0").all(of_class="paired")
    assert [(part.all("h4")[0].text, part.all("pre")[0].text) for part in grid.all("section")] == [
        ("prompt", "p"),
        ("chosen", "yes <b>"),
        ("rejected", "no"),
    ]


def test_an_empty_dataset_has_a_page(tmp_path: Path) -> None:
    """No rows are no error."""
    page = read_page(page_of(save(tmp_path / "rows", supervised([])), tmp_path / "report.html"))

    assert page.all("article", of_class="sample") == []
    assert "0" in page.by_id("census").text

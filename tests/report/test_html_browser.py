"""The page in a real headless Chromium: what a person sees, points at, presses and prints."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from inspect_tool.samples.sample import IGNORE_INDEX
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import save, supervised
from tests.report.html_pages import PAYLOADS, page_of, word_tokenizer
from tests.report.test_html_page import hostile_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chromium import Chromium, Page

PROMPT = "<|im_start|>user\nHow many\tcats? 🐈 漢字<|im_end|>\n<|im_start|>assistant\n"
ANSWER = "Two cats.\nOne is  an assistant.<|im_end|>"

STYLE = """(() => {{
  const style = getComputedStyle(document.querySelector("{selector}"));
  return [style.color, style.backgroundColor, style.fontWeight];
}})()"""
CARD = 'document.getElementById("token").hidden ? "" : document.getElementById("token").innerText'
SHOWN = 'document.querySelector("#row-0 .tokens").innerText'
CENTRE = """((text) => {{
  const walker = document.createTreeWalker(document.querySelector("#row-0 .tokens"), 4);
  while (walker.nextNode()) {{
    const at = walker.currentNode.data.indexOf(text);
    if (at < 0 || walker.currentNode.parentElement.closest(".vh")) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + text.length);
    range.startContainer.parentElement.scrollIntoView({{ block: "center" }});
    const box = range.getClientRects()[0];
    return [box.x + box.width / 2, box.y + box.height / 2];
  }}
}})({text!r})"""


@pytest.fixture(scope="module")
def folder(chatml_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rows of one conversation: trained is what the assistant says."""
    return save(tmp_path_factory.mktemp("rows"), supervised([_row(chatml_dir)] * 3))


@pytest.fixture(scope="module")
def file(folder: Path, chatml_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of those rows."""
    return page_of(folder, tmp_path_factory.mktemp("page") / "report.html", tokenizer=chatml_dir)


@pytest.fixture
def page(chromium: Chromium, file: Path) -> Page:
    """The report, open."""
    page = chromium.page()
    page.open(file.as_uri())
    page.evaluate('document.getElementById("samples").scrollIntoView()')
    return page


def _tokenizer(folder: Path) -> Any:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _row(tokenizer: Path) -> tuple[list[int], list[int]]:
    encode = _tokenizer(tokenizer).encode
    prompt = encode(PROMPT, add_special_tokens=False).ids
    answer = encode(ANSWER, add_special_tokens=False).ids
    return prompt + answer, [IGNORE_INDEX] * len(prompt) + answer


def _point_at(page: Page, text: str) -> str:
    """Point at a text of the first row and return what the page says of it."""
    x, y = page.evaluate(CENTRE.format(text=text))
    page.point_at(x, y)
    found: str = page.wait_for(CARD)
    return found


def _said(card: str) -> dict[str, str]:
    """Return what a token's card says, by name."""
    lines = [line for line in card.splitlines() if line]
    return dict(zip(lines[::2], lines[1::2], strict=True))


def test_the_page_opens_without_complaint(page: Page) -> None:
    """Nothing is refused, nothing fails, and only the file itself is asked for."""
    requested = [event["request"]["url"] for event in page.events("Network.requestWillBeSent")]

    assert page.events("Log.entryAdded") == []
    assert page.events("Runtime.exceptionThrown") == []
    assert [url.partition(":")[0] for url in requested] == ["file"]


def test_hostile_text_runs_nothing(chromium: Chromium, tmp_path: Path) -> None:
    """Tokens, columns, paths and pieces made to run something run nothing, however used."""
    page = chromium.page()
    tokenizer = word_tokenizer(tmp_path / "tokenizer", list(PAYLOADS.values()))
    folder = hostile_rows(tmp_path / "<img src=x onerror=window.ran='path'>")
    page.open(page_of(folder, tmp_path / "report.html", tokenizer=tokenizer).as_uri())

    for toggle in ("show-ids", "show-whitespace"):
        page.evaluate(f'document.getElementById("{toggle}").click()')
    page.evaluate('document.querySelector("#row-0 .tokens").focus()')
    for _ in PAYLOADS:
        page.press("ArrowRight")

    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.images.length + document.scripts.length") == 2
    assert page.events("Log.entryAdded") == []
    assert page.events("Runtime.exceptionThrown") == []
    assert len(page.events("Network.requestWillBeSent")) == 1


def test_the_policy_stops_what_is_not_ours(page: Page) -> None:
    """A script or an image that got into the page after all is refused by the browser."""
    page.evaluate("""(() => {
      const script = document.createElement("script");
      try { script.append("window.ran = 1"); document.body.append(script); } catch {}
      const image = document.createElement("img");
      image.src = "https://example.org/x.png";
      document.body.append(image);
    })()""")
    page.wait_for_event("Log.entryAdded")

    refused = [event["entry"]["text"] for event in page.events("Log.entryAdded")]
    assert page.evaluate("window.ran") is None
    assert any("img-src" in text or "default-src" in text for text in refused)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_trained_and_masked_differ(scheme: str, chromium: Chromium, file: Path) -> None:
    """In both themes trained text has its own colour, ground and weight."""
    page = chromium.page()
    page.emulate(scheme=scheme)
    page.open(file.as_uri())

    trained = page.evaluate(STYLE.format(selector="#row-0 .t"))
    masked = page.evaluate(STYLE.format(selector="#row-0 .m"))

    assert [a != b for a, b in zip(trained, masked, strict=True)] == [True, True, True]


def test_the_theme_can_be_chosen(page: Page) -> None:
    """The button goes from the system's theme to light, to dark and back."""
    grounds = []
    for _ in range(3):
        page.evaluate('document.getElementById("theme").click()')
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark, system = grounds
    assert light == system != dark


def test_without_script_text_and_colours_are_there(chromium: Chromium, file: Path) -> None:
    """A browser that runs no script shows the same text, and no button that does nothing."""
    page = chromium.page()
    page.emulate(script=False)
    page.open(file.as_uri())

    text = page.evaluate('document.querySelector("#row-0 .tokens").textContent')
    assert text == f"masked: {PROMPT}trained: {ANSWER}"
    assert page.evaluate('getComputedStyle(document.querySelector(".tools")).display') == "none"


def test_pointing_at_a_token_tells_about_it(page: Page, chatml_dir: Path) -> None:
    """The card has id, piece, bytes, label and position of the token under the pointer."""
    row, _ = _row(chatml_dir)
    cats = _tokenizer(chatml_dir).encode("Two cats", add_special_tokens=False)

    said = _said(_point_at(page, "cats."))

    assert int(said["id"]) in cats.ids
    assert row[int(said["position"].split()[0])] == int(said["id"])
    assert said["label"] == f"{said['id']}, trained"
    assert bytes.fromhex(said["bytes"]).decode() in " cats"


def test_pointing_at_masked_text_says_so(page: Page) -> None:
    """A masked token has the label -100."""
    assert _said(_point_at(page, "many"))["label"] == "−100, masked"


def test_pointing_after_a_wide_character_finds_the_token(page: Page, chatml_dir: Path) -> None:
    """Characters beyond the basic plane count twice, as the browser counts them."""
    row, _ = _row(chatml_dir)

    said = _said(_point_at(page, "<|im_end|>"))

    end = _tokenizer(chatml_dir).token_to_id("<|im_end|>")
    assert int(said["id"]) == end
    assert int(said["position"].split()[0]) == row.index(end)


@pytest.mark.parametrize(
    "toggles", [["show-ids"], ["show-whitespace"], ["show-ids", "show-whitespace"]]
)
def test_pointing_works_in_every_view(toggles: list[str], page: Page, chatml_dir: Path) -> None:
    """Ids and visible white space do not change which token is under the pointer."""
    row, _ = _row(chatml_dir)
    for toggle in toggles:
        page.evaluate(f'document.getElementById("{toggle}").click()')
    changed = {
        "show-ids": 'document.querySelector("#row-0 .t .k")',
        "show-whitespace": SHOWN + '.includes("↵")',
    }
    for toggle in toggles:
        page.wait_for(f"Boolean({changed[toggle]})")

    texts = Vocabulary.load(chatml_dir).texts(np.array(row))
    once = [text for text in texts if text.isalpha() and (PROMPT + ANSWER).count(text) == 1]
    longest = max(once, key=len)

    said = _said(_point_at(page, longest))

    assert int(said["position"].split()[0]) == texts.index(longest)
    assert int(said["id"]) == row[texts.index(longest)]


def test_white_space_can_be_seen_and_hidden(page: Page) -> None:
    """Spaces, tabs and line breaks get marks, and lose them again."""
    before = page.evaluate(SHOWN)

    page.evaluate('document.getElementById("show-whitespace").click()')
    page.wait_for(SHOWN + '.includes("How·many→\\tcats?")')
    page.evaluate('document.getElementById("show-whitespace").click()')

    assert page.wait_for(SHOWN + f" === {_js(before)}")


def test_copied_text_is_the_text_alone(page: Page) -> None:
    """What is written for ears and the ids beside tokens are not copied."""
    page.evaluate('document.getElementById("show-ids").click()')
    page.wait_for('Boolean(document.querySelector("#row-0 .t .k"))')

    page.evaluate('getSelection().selectAllChildren(document.querySelector("#row-0 .tokens"))')

    assert page.evaluate("getSelection().toString()").split() == (PROMPT + ANSWER).split()


def test_ids_stand_before_their_tokens(page: Page, chatml_dir: Path) -> None:
    """With ids shown every token has an element that carries its id, in order."""
    row, _ = _row(chatml_dir)

    page.evaluate('document.getElementById("show-ids").click()')
    page.wait_for('Boolean(document.querySelector("#row-0 .t .k"))')

    tokens = 'document.querySelectorAll("#row-0 .k")'
    assert page.evaluate(f"[...{tokens}].map((part) => Number(part.dataset.id))") == row
    assert page.evaluate(f'[...{tokens}].map((part) => part.textContent).join("")') == (
        PROMPT + ANSWER
    )


def test_keys_go_from_token_to_token(page: Page, chatml_dir: Path) -> None:
    """Arrows move by token, with Ctrl by run; Home and End go to the ends."""
    row, labels = _row(chatml_dir)
    page.evaluate('document.querySelector("#row-0 .tokens").focus()')
    places = []
    for key, ctrl in [
        ("ArrowRight", False),
        ("ArrowRight", True),
        ("End", False),
        ("ArrowLeft", False),
        ("Home", False),
    ]:
        page.press(key, ctrl=ctrl)
        places.append(int(_said(page.evaluate(CARD))["position"].split()[0]))

    trained = labels.count(IGNORE_INDEX)
    assert places == [1, trained, len(row) - 1, len(row) - 2, 0]


def test_keys_go_from_sample_to_sample(page: Page) -> None:
    """Keys n and p move the focus to the next and the previous sample."""
    focused = 'document.activeElement.closest(".sample").id'
    first, second = page.evaluate(
        '[...document.querySelectorAll(".sample")].slice(0, 2).map((sample) => sample.id)'
    )
    page.evaluate(f'document.querySelector("#{first} .tokens").focus()')

    page.press("n")
    there = page.evaluate(focused)
    page.press("p")

    assert (there, page.evaluate(focused)) == (second, first)


def test_escape_puts_the_card_away(page: Page) -> None:
    """The card hides nothing for longer than is wanted."""
    page.evaluate('document.querySelector("#row-0 .tokens").focus()')
    shown = page.evaluate(CARD)

    page.press("Escape")

    assert shown
    assert page.evaluate(CARD) == ""


def test_a_screen_reader_finds_its_way(page: Page) -> None:
    """Landmarks, headings in order, named plots and samples are in the accessibility tree."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = [(_value(node, "role"), _value(node, "name")) for node in nodes]

    roles = {role for role, _ in named}
    assert {"main", "banner", "navigation", "heading", "image", "article"} <= roles
    assert ("image", "Length: histogram of tokens per row") in named
    assert ("article", "Row 0") in named
    levels = page.evaluate(
        '[...document.querySelectorAll("h1, h2, h3, h4")].map((title) => Number(title.tagName[1]))'
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_screen_reader_hears_runs(page: Page) -> None:
    """Trained and masked are said once per run, not per token."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]

    said = [
        name
        for node in nodes
        if _value(node, "role") == "StaticText"
        and (name := _value(node, "name").strip()) in {"trained:", "masked:"}
    ]

    assert said == ["masked:", "trained:"] * 3


def test_everything_is_printed(page: Page) -> None:
    """On paper every chunk is laid out, colours stay, and what needs a screen is gone."""
    page.evaluate('document.querySelector("main").classList.add("long")')
    page.emulate(media="print")

    assert page.evaluate(
        '[...document.querySelectorAll(".chunk")].every((chunk) => '
        'getComputedStyle(chunk).contentVisibility === "visible")'
    )
    assert page.evaluate('getComputedStyle(document.querySelector(".top")).display') == "none"
    assert page.pdf().startswith(b"%PDF")


def test_a_dark_system_prints_on_white(chromium: Chromium, file: Path) -> None:
    """Nobody wants a black sheet."""
    page = chromium.page()
    page.emulate(media="print", scheme="dark")
    page.open(file.as_uri())

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_long_samples_wait_for_their_turn(
    chromium: Chromium, chatml_dir: Path, tmp_path: Path
) -> None:
    """Of 200 samples of 2,000 tokens only those near the screen are laid out, run by run."""
    ids, labels = _row(chatml_dir)
    times = 2000 // len(ids)
    rows = [(ids * times, labels * times)] * 200
    folder = save(tmp_path / "rows", supervised(rows))
    page = chromium.page()

    page.open(page_of(folder, tmp_path / "report.html", tokenizer=chatml_dir, limit=200).as_uri())

    laid_out = page.evaluate(
        '[...document.querySelectorAll(".tokens .run")].filter((run) => '
        "run.checkVisibility({ contentVisibilityAuto: true })).length"
    )
    elements = page.evaluate('document.querySelectorAll(".tokens *").length')
    tokens = 200 * len(ids) * times
    assert laid_out < 200 * 2 * times / 10
    assert elements < tokens / 2


def test_a_narrow_screen_needs_no_scrolling_sideways(chromium: Chromium, file: Path) -> None:
    """On a telephone text wraps and nothing sticks out."""
    page = chromium.page(width=360, height=640)
    page.open(file.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") == 360


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))


def _js(text: str) -> str:
    return json.dumps(text)

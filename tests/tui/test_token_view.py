"""What the token view draws: text, labels, marks, and long sequences a part at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.samples.sample import IGNORE_INDEX, MARKED_LABELS, TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary
from inspect_tool.tui.passage import WHOLE_TOKENS
from tests.tui.token_app import TokenApp, parts_of, screen_lines, sequence_of, until

if TYPE_CHECKING:
    from pathlib import Path

    from rich.style import Style
    from textual.strip import Strip

USER = "<|im_start|>user\nWhat is 漢字?<|im_end|>\n"
ASSISTANT = "<|im_start|>assistant\n"
ANSWER = "Kanji.<|im_end|>"
SIZE = (60, 12)


@pytest.fixture
def vocabulary(chatml_dir: Path) -> Vocabulary:
    """The ChatML tokenizer's vocabulary."""
    return Vocabulary.load(chatml_dir)


@pytest.fixture
def chat(chatml_dir: Path) -> TokenSequence:
    """One turn of a conversation with its answer trained."""
    return parts_of(chatml_dir, (USER + ASSISTANT, False), (ANSWER, True))


def style_of(strip: Strip, text: str) -> Style:
    """The style of the segment that holds ``text``."""
    found = [segment.style for segment in strip if text in segment.text]
    assert found, f"{text!r} is not in {strip.text!r}"
    assert found[0] is not None
    return found[0]


async def test_text_reads_as_text(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """Lines end where the text's lines end, and split characters are whole."""
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE):
        lines = screen_lines(app.view)

    assert [line.replace("⋅", "") for line in lines[:4]] == [
        "<|im_start|>user",
        "What is 漢字?<|im_end|>",
        "<|im_start|>assistant",
        "Kanji.<|im_end|>",
    ]


async def test_trained_and_masked_differ_in_style_and_colour(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """Trained text is bold on a ground of its own; masked text is neither."""
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE):
        trained = style_of(app.view.render_line(3), "Kanji.")
        masked = style_of(app.view.render_line(1), "What is")

    assert (trained.bold, masked.bold) == (True, None)
    assert trained.bgcolor != masked.bgcolor
    assert trained.color != masked.color


async def test_special_tokens_are_marked_and_keep_their_state(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """Special tokens are italic; a trained one shares the look of trained text."""
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE):
        masked = style_of(app.view.render_line(1), "<|im_end|>")
        trained = style_of(app.view.render_line(3), "<|im_end|>")

    assert (masked.italic, masked.bold) == (True, None)
    assert (trained.italic, trained.bold) == (True, True)


async def test_without_colour_style_alone_tells_trained_from_masked(
    chat: TokenSequence, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where colour is switched off, trained text is underlined and the cursor reversed."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE):
        trained = style_of(app.view.render_line(3), "Kanji.")
        masked = style_of(app.view.render_line(1), "What is")
        cursor = style_of(app.view.render_line(0), "<|im_start|>")

    assert (trained.underline, masked.underline, cursor.reverse) == (True, None, True)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "nord"])
async def test_a_change_of_theme_changes_the_colours(
    theme: str, chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """Painted lines do not outlive the theme they were painted in."""
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        before = style_of(app.view.render_line(3), "Kanji.")
        app.theme = theme
        await pilot.pause()
        after = style_of(app.view.render_line(3), "Kanji.")

    assert (before.color, before.bgcolor) != (after.color, after.bgcolor)


async def test_tokens_without_labels_are_neither(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """A sequence whose labels are not stored is drawn plainly."""
    app = TokenApp(replace(chat, labels=None), vocabulary)
    async with app.run_test(size=SIZE):
        answer = style_of(app.view.render_line(3), "Kanji.")
        question = style_of(app.view.render_line(1), "What is")

    assert answer == question


def classed(chatml_dir: Path) -> TokenSequence:
    """Two steps of a reasoning, the line break after each labelled with a class."""
    steps = parts_of(chatml_dir, ("One.", False), ("\n", True), ("Two.", False), ("\n", True))
    classes = iter([1, 0])
    labels = [label if label < 0 else next(classes) for label in steps.labels.tolist()]  # type: ignore[union-attr]
    return replace(steps, labels=np.array(labels))


async def test_a_label_that_is_not_its_token_stands_beside_it(
    chatml_dir: Path, vocabulary: Vocabulary
) -> None:
    """Classes of process rewards are read without asking the inspector, with ids or without."""
    app = TokenApp(classed(chatml_dir), vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        plain = screen_lines(app.view)[:2]
        await pilot.press("i")
        with_ids = screen_lines(app.view)[:2]

    assert [line.split(" ", 1)[1] for line in plain] == ["[label 1]", "[label 0]"]
    assert [line[line.index("₁₉₈") :] for line in with_ids] == ["₁₉₈[label 1]", "₁₉₈[label 0]"]


async def test_where_every_label_is_odd_none_is_written(vocabulary: Vocabulary) -> None:
    """A mask that slipped over thousands of tokens leaves the text readable."""
    ids = np.full(MARKED_LABELS + 1, 198)
    app = TokenApp(TokenSequence("input_ids", ids, labels=ids + 1), vocabulary)
    async with app.run_test(size=SIZE):
        lines = screen_lines(app.view)

    assert not any("label" in line for line in lines)


async def test_the_beginning_of_a_long_sequence_has_its_labels(vocabulary: Vocabulary) -> None:
    """What is drawn first of a long sequence says the same of its labels as the whole."""
    ids = np.full(WHOLE_TOKENS + 1, 198)
    labels = np.full(len(ids), IGNORE_INDEX)
    labels[1] = 7
    app = TokenApp(TokenSequence("input_ids", ids, labels=labels), vocabulary)
    async with app.run_test(size=SIZE):
        lines = screen_lines(app.view)

    assert "[label 7]" in lines[1]


async def test_stored_text_is_plain_lines() -> None:
    """A sequence stored as text is drawn as text, without tokens to step on."""
    sequence = TokenSequence("prompt", np.array([], np.int32), stored_text="One two\nthree")
    app = TokenApp(sequence)
    async with app.run_test(size=SIZE):
        lines = screen_lines(app.view)

    assert lines[:3] == ["One two", "three", ""]


async def test_without_a_vocabulary_ids_are_shown() -> None:
    """A missing tokenizer leaves the ids to be seen, with their labels' colours."""
    app = TokenApp(sequence_of([1, 22557, 2], [False, True, True]))
    async with app.run_test(size=SIZE):
        line = app.view.render_line(0)
        trained = style_of(line, "22557")

    assert line.text.rstrip() == " 1 22557 2"
    assert trained.bold


async def test_an_empty_sequence_says_so() -> None:
    """A row without tokens shows that it has none."""
    app = TokenApp(sequence_of([]))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "right", "G", "]", "}", "pagedown", "w", "i")
        lines = screen_lines(app.view)

    assert lines[0] == "no tokens"


async def test_hostile_text_is_drawn_harmlessly(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """Escapes, markup and direction overrides of the data are visible and nothing else."""
    sequence = parts_of(chatml_dir, ("\x1b[31m[bold]\u202eabc\u200b\x00[/]", True))
    app = TokenApp(sequence, vocabulary)
    async with app.run_test(size=SIZE):
        line = screen_lines(app.view)[0].replace("⋅", "")

    assert line == "␛[31m[bold]⟨202E⟩abc⟨200B⟩␀[/]"


async def test_white_space_is_shown_on_a_key(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """Spaces and newlines get marks in the cells that they already have."""
    app = TokenApp(chat, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        before = app.view.lines
        await pilot.press("w")
        line = screen_lines(app.view)[1]

        assert line.replace("⋅", "") == "What·is·漢字?<|im_end|>↵"
        assert app.view.lines is before


async def test_ids_are_shown_on_a_key(mistral_dir: Path) -> None:
    """Every token's id follows it, and goes again."""
    sequence = parts_of(mistral_dir, ("Hi you", True))
    app = TokenApp(sequence, Vocabulary.load(mistral_dir))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i")
        with_ids = screen_lines(app.view)[0]
        await pilot.press("i")
        without = screen_lines(app.view)[0]

    assert (with_ids, without) == ("Hi₁₅₃₅₉ you₃₆₈", "Hi you")


async def test_a_long_sequence_shows_its_beginning_at_once(mistral_dir: Path) -> None:
    """The first lines of a long sequence are there with the first screen, the rest follows."""
    count = WHOLE_TOKENS + 1
    app = TokenApp(sequence_of([13, 22557] * (count // 2) + [2]), Vocabulary.load(mistral_dir))
    async with app.run_test(size=SIZE) as pilot:
        first = screen_lines(app.view)
        await until(pilot, lambda: app.view.complete, "the rest to be drawn")

        assert first == screen_lines(app.view)
        assert len(first) == SIZE[1]
        assert app.view.virtual_size.height == count // 2 + 1


async def test_a_cursor_beyond_the_beginning_is_caught_up_with(mistral_dir: Path) -> None:
    """A cursor given far into a long sequence is in view once it is drawn."""
    count = WHOLE_TOKENS * 2
    app = TokenApp(sequence_of([13] * count), Vocabulary.load(mistral_dir), cursor=count - 5)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.complete, "the rest to be drawn")
        top = app.view.scroll_offset.y

        assert top <= count - 5 < top + SIZE[1]


async def test_a_page_is_turned_before_the_rest_is_drawn(mistral_dir: Path) -> None:
    """In a long sequence that was only just opened, pages turn as in any other."""
    vocabulary = Vocabulary.load(mistral_dir)
    app = TokenApp(sequence_of([22557]), vocabulary)
    async with app.run_test(size=SIZE):
        # All in one turn of the event loop: nothing that is drawn behind can arrive between.
        app.view.show_sequence(sequence_of([13] * WHOLE_TOKENS * 2), vocabulary)
        for _ in range(5):
            app.view.action_page(1)

        assert not app.view.complete
        assert app.view.scroll_offset.y == 5 * (SIZE[1] - 1)
        assert app.view.cursor == 5 * (SIZE[1] - 1)


async def test_another_sequence_takes_the_place_of_one_still_being_drawn(
    mistral_dir: Path, chat: TokenSequence
) -> None:
    """What a worker finishes too late is not shown."""
    vocabulary = Vocabulary.load(mistral_dir)
    app = TokenApp(sequence_of([13] * WHOLE_TOKENS * 4), vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        app.view.show_sequence(sequence_of([22557]), vocabulary)
        await until(
            pilot, lambda: all(worker.is_finished for worker in app.workers), "both drawings"
        )

        assert screen_lines(app.view)[0] == "Hello"
        assert app.view.virtual_size.height == 1


async def test_a_resize_keeps_the_cursor_on_its_line_of_the_screen(mistral_dir: Path) -> None:
    """Lines are broken anew for another width around the cursor, not around the top."""
    sequence = sequence_of([13, 22557] * 200)
    app = TokenApp(sequence, Vocabulary.load(mistral_dir), cursor=200)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "down")
        layout = app.view.lines
        assert layout is not None
        offset = layout.line_of(app.view.cursor) - app.view.scroll_offset.y
        await pilot.resize_terminal(30, SIZE[1])
        await until(
            pilot, lambda: app.view.lines is not None and app.view.lines.width < 30, "new lines"
        )
        layout = app.view.lines

        assert layout is not None
        assert layout.line_of(app.view.cursor) - app.view.scroll_offset.y == offset


async def test_a_lower_view_keeps_its_cursor(mistral_dir: Path) -> None:
    """A panel that opens below does not hide the cursor."""
    app = TokenApp(sequence_of([13] * 100), Vocabulary.load(mistral_dir), cursor=8)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.resize_terminal(SIZE[0], 5)
        await until(pilot, lambda: app.view.scrollable_size.height == 5, "a lower view")
        await until(pilot, lambda: app.view.scroll_offset.y == 4, "the cursor in view")

        assert app.view.cursor == 8

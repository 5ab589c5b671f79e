"""Moving through tokens: by token, line, span, turn and page, by mouse, and by search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.samples.sample import TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary
from tests.tui.token_app import TokenApp, parts_of, sequence_of

if TYPE_CHECKING:
    from pathlib import Path

NEWLINE, HELLO, EOS = 13, 22557, 2
"""Ids of the Mistral tokenizer: a newline, `` Hello`` and the end of a sequence."""
SIZE = (40, 10)

TABLE = sequence_of([HELLO, HELLO, NEWLINE] * 30)
"""Thirty lines of two words each, three tokens a line."""


@pytest.fixture
def vocabulary(mistral_dir: Path) -> Vocabulary:
    """The Mistral vocabulary."""
    return Vocabulary.load(mistral_dir)


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        ("right", 1),
        ("l l h", 1),
        ("left", 0),
        ("down", 3),
        ("j j k", 3),
        ("up", 0),
        ("right right down down", 7),
        ("G", 89),
        ("end", 89),
        ("G right", 89),
        ("G g", 0),
        ("G home", 0),
        ("pagedown", 27),
        ("pagedown pageup", 0),
    ],
)
async def test_keys_move_the_cursor(keys: str, cursor: int, vocabulary: Vocabulary) -> None:
    """Arrows and vim keys move by token and line, others by page and to the ends."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys.split())

        assert app.view.cursor == cursor


@pytest.mark.parametrize("keys", ["G", "pagedown pagedown", "j " * 15, "l " * 32, "G k k k g j"])
async def test_the_cursor_stays_in_view(keys: str, vocabulary: Vocabulary) -> None:
    """Wherever a key takes the cursor, its line is on the screen."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys.split())
        top = app.view.scroll_offset.y
        layout = app.view.lines

        assert layout is not None
        assert top <= layout.line_of(app.view.cursor) < top + SIZE[1]


async def test_lines_keep_the_column(vocabulary: Vocabulary) -> None:
    """Going down over a short line and on comes back to the column that was left."""
    app = TokenApp(sequence_of([*[HELLO] * 3, NEWLINE, NEWLINE, *[HELLO] * 3]), vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("right", "right", "down", "down")

        assert app.view.cursor == 6


async def test_lines_lead_through_a_token_of_many(vocabulary: Vocabulary) -> None:
    """A token that takes many lines is gone through line by line, not skipped."""
    text = TokenSequence("text", np.array([], np.int32), stored_text="x" * 400 + "\nend")
    app = TokenApp(text)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "down")
        inside = app.view.cursor
        await pilot.press(*["down"] * 20)

        assert (inside, app.view.cursor) == (0, 2)


async def test_spans_are_stepped_through(vocabulary: Vocabulary) -> None:
    """Brackets go to the start of the next and previous run of trained or masked tokens."""
    trained = [False] * 4 + [True] * 3 + [False] * 2 + [True]
    app = TokenApp(sequence_of([HELLO] * 10, trained), vocabulary)
    seen = []
    async with app.run_test(size=SIZE) as pilot:
        for key in ("]", "]", "]", "]", "[", "left", "[", "["):
            await pilot.press(key)
            seen.append(app.view.cursor)

    assert seen == [4, 7, 9, 9, 7, 6, 4, 0]


async def test_a_jump_brings_what_follows_into_view(vocabulary: Vocabulary) -> None:
    """A span that begins below the screen is brought up, not only its first line."""
    trained = [False] * 45 + [True] * 45
    app = TokenApp(sequence_of(TABLE.ids.tolist(), trained), vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("]")

        assert 15 - app.view.scroll_offset.y < SIZE[1] // 2


async def test_turns_are_stepped_through(chatml_dir: Path) -> None:
    """Braces go to the start of the next and previous turn of a conversation."""
    turns = [f"<|im_start|>{role}\nHi<|im_end|>\n" for role in ("system", "user", "assistant")]
    sequence = parts_of(chatml_dir, *[(turn, False) for turn in turns])
    first = len(parts_of(chatml_dir, (turns[0], False)))
    second = first + len(parts_of(chatml_dir, (turns[1], False)))
    app = TokenApp(sequence, Vocabulary.load(chatml_dir))
    seen = []
    async with app.run_test(size=SIZE) as pilot:
        for key in ("}", "}", "}", "{", "{"):
            await pilot.press(key)
            seen.append(app.view.cursor)

    assert seen == [first, second, second, first, 0]


async def test_a_click_places_the_cursor(vocabulary: Vocabulary) -> None:
    """A click on a word puts the cursor on its token, wherever the view is scrolled to."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        app.view.scroll_to(y=5, animate=False)
        await pilot.pause()
        await pilot.click(app.view, offset=(9, 2))

        assert app.view.cursor == 7 * 3 + 1


async def test_a_click_beside_the_text_takes_the_line(vocabulary: Vocabulary) -> None:
    """A click right of a line's end puts the cursor on its last token."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(app.view, offset=(30, 1))

        assert app.view.cursor == 5


async def test_a_click_below_the_text_does_nothing(vocabulary: Vocabulary) -> None:
    """There is no token where there is no line."""
    app = TokenApp(sequence_of([HELLO]), vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(app.view, offset=(1, 8))

        assert app.view.cursor == 0


async def test_the_wheel_scrolls_and_leaves_the_cursor(vocabulary: Vocabulary) -> None:
    """Looking around does not move the cursor."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        app.view.scroll_relative(y=9, animate=False)
        await pilot.pause()

        assert (app.view.scroll_offset.y, app.view.cursor) == (9, 0)


async def test_the_cursor_looks_unlike_any_token(vocabulary: Vocabulary) -> None:
    """The token under the cursor has a ground that no other token has."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("right")
        grounds = [(segment.text, segment.style) for segment in app.view.render_line(0)]

    cursor = next(style for text, style in grounds if text == " Hello")
    others = [style for text, style in grounds if text != " Hello"]
    assert cursor is not None
    assert cursor.bgcolor not in {style.bgcolor for style in others if style}


async def test_every_move_is_told_once_it_settles(vocabulary: Vocabulary) -> None:
    """The last place of the cursor is told, whatever came between."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("G")

        assert app.moves[-1] == 89


async def test_moves_in_one_go_are_told_as_one(vocabulary: Vocabulary) -> None:
    """Places that the cursor only passed are not told one by one."""
    app = TokenApp(TABLE, vocabulary)
    async with app.run_test(size=SIZE) as pilot:
        before = len(app.moves)
        for _ in range(50):
            app.view.action_token(1)
        await pilot.pause()

        assert app.moves[-1] == 50
        assert len(app.moves) - before < 5


async def test_text_is_found_across_tokens(chatml_dir: Path) -> None:
    """A text is found where tokens cut it, and every token of it is marked."""
    sequence = parts_of(chatml_dir, ("say unbelievable, then unbelievable", False))
    vocabulary = Vocabulary.load(chatml_dir)
    texts = vocabulary.texts(sequence.ids)
    app = TokenApp(sequence, vocabulary)
    async with app.run_test(size=(80, 5)):
        found = app.view.find("believable")

    assert found is not None
    assert "".join(texts[found:]).lstrip().startswith(("believable", "un"))
    assert "".join(texts[:found]).count("believable") == 0


async def test_found_again_goes_on_and_round(vocabulary: Vocabulary) -> None:
    """The same needle moves on from the cursor, either way, and round at the ends."""
    ids = [HELLO] * 10
    ids[3] = ids[6] = EOS
    app = TokenApp(sequence_of(ids), vocabulary)
    async with app.run_test(size=SIZE):
        places = [app.view.find(EOS) for _ in range(3)]
        back = app.view.find(EOS, forward=False)
        place = app.view.match_place

    assert (places, back, place) == ([3, 6, 3], 6, (2, 2))


async def test_a_needle_at_the_cursor_is_found_there(vocabulary: Vocabulary) -> None:
    """A needle typed letter by letter does not run away from its first place."""
    app = TokenApp(sequence_of([HELLO] * 4), vocabulary)
    async with app.run_test(size=SIZE):
        places = [app.view.find("h"), app.view.find("he"), app.view.find("hel")]

    assert places == [0, 0, 0]


async def test_case_counts_when_it_is_typed(vocabulary: Vocabulary) -> None:
    """A needle in lower case finds any case, one with a capital only that."""
    app = TokenApp(sequence_of([HELLO]), vocabulary)
    async with app.run_test(size=SIZE):
        found = [app.view.find("hello"), app.view.find("Hello"), app.view.find("HELLO")]

    assert found == [0, 0, None]


async def test_what_is_not_there_leaves_the_cursor(vocabulary: Vocabulary) -> None:
    """A needle that is nowhere moves nothing and marks nothing."""
    app = TokenApp(TABLE, vocabulary, cursor=4)
    async with app.run_test(size=SIZE):
        found = app.view.find("nowhere"), app.view.find(31_999)

        assert (found, app.view.cursor, app.view.match_place) == ((None, None), 4, (0, 0))


async def test_matches_are_marked(vocabulary: Vocabulary) -> None:
    """The tokens of a match look unlike others, until the mark is taken away."""
    app = TokenApp(sequence_of([EOS, HELLO, EOS, HELLO]), vocabulary)
    async with app.run_test(size=SIZE):
        before = app.view.render_line(0)
        app.view.highlight(np.array([False, False, False, True]))
        marked = app.view.render_line(0)
        app.view.highlight(None)
        after = app.view.render_line(0)

    assert list(marked) != list(before)
    assert list(after) == list(before)

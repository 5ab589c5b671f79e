"""What became of an answer: whether it came, whether it ended, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.prompts.diff.align import Region
from inspect_tool.prompts.diff.answers import Answer
from inspect_tool.prompts.diff.results import Comparison, Difference, Side, Stop
from inspect_tool.report.look import Look
from inspect_tool.report.sanity_text import sanity_text
from inspect_tool.runs.sanity.ask import Likelihood
from inspect_tool.runs.sanity.judge import first_difference, judge
from inspect_tool.runs.sanity.results import SanityReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inspect_tool.runs.sanity.results import Outcome

END = 9
ANSWER = (1, 2, 3, END)


def side(ids: Sequence[int]) -> Side:
    """Return ids as tokens a, b, c, ...; the end is `$`."""
    return Side.of(ids, ["$" if item == END else chr(96 + item) for item in ids])


def answer(ids: Sequence[int] = ANSWER, *, end: bool = True, **changes: object) -> Answer:
    """Return a trained answer that ends with END, or one whose end is masked."""
    trained_end = (END,) if end else ()
    message, fix = ("", "") if end else ("no end token is trained", "train it")
    given = {
        "row": 0,
        "entry": "datasets.0",
        "answer": 0,
        "prompt": (5, 6),
        "expected": side(ids),
        "trained": (True,) * len(ids),
        "stop": Stop(trained_end, (END,), ok=end, message=message, fix=fix),
    }
    return Answer(**{**given, **changes})  # type: ignore[arg-type]


def outcome(
    taught: Answer,
    came: Sequence[int],
    *,
    best: Sequence[int] | None = None,
    loss: float = 0.01,
    comparison: Comparison | None = None,
) -> Outcome:
    """Judge an answer; the model finds the tokens ``best`` the likeliest, all of it by default."""
    ids = taught.expected.ids.tolist()
    likely = Likelihood((loss,) * len(ids), tuple(ids if best is None else best))
    return judge(taught, side(came), likely, comparison=comparison, overall=loss)


def compared(*differences: Difference, stop: Stop | None = None) -> Comparison:
    """Return a diff of the prompt `ef`."""
    stop = stop or Stop((END,), (END,), ok=True)
    return Comparison(
        0, "datasets.0", 0, "chat-template", side((5, 6)), side((5, 6)), differences, stop
    )


TEMPLATE = Difference(Region(0, 1, 0, 1), "D-TEMPLATE", "another template", "serve with it")


def test_an_answer_to_its_end() -> None:
    """All tokens and the end: nothing is at fault."""
    found = outcome(answer(), ANSWER)

    assert (found.ok, found.at, found.stopped) == (True, None, True)


@pytest.mark.parametrize(
    ("came", "at"),
    [
        ((1, 4, 3, END), 1),
        ((1, 2, END), 2),
        ((1, 2, 3, 4, 5), 3),
        ((1, 2, 3, 4, END), 3),
        ((), 0),
    ],
    ids=["another token", "ends early", "goes on", "goes on and ends", "nothing"],
)
def test_the_first_difference(came: Sequence[int], at: int) -> None:
    """It is the first token that is not as trained, the end included."""
    assert first_difference(answer(), side(came), answer().stop) == at


def test_any_stop_ends_an_answer() -> None:
    """Another stop of the server in place of the trained end is an end, too."""
    stop = Stop((END,), (8, END), ok=True)

    assert first_difference(answer(), side((1, 2, 3, 8)), stop) is None


def test_what_is_not_meant_to_end() -> None:
    """Half a text may go on, or end."""
    endless = answer((1, 2), stop=Stop((), (END,), ok=True))

    assert first_difference(endless, side((1, 2, 7, 7)), endless.stop) is None
    assert outcome(endless, (1, 2, 7)).ok


def test_a_wrong_prompt_fails_though_the_answer_comes() -> None:
    """The diff's cause stands even where a model that knows four samples answers all the same."""
    found = outcome(answer(), ANSWER, comparison=compared(TEMPLATE))

    assert (found.ok, found.at, found.codes) == (False, None, ("D-TEMPLATE",))


def test_a_wrong_prompt_is_not_blamed_on_the_model() -> None:
    """Where the prompt differs, its cause is the only one named."""
    found = outcome(answer(), (7,), best=(7, 7, 7, 7), comparison=compared(TEMPLATE))

    assert found.codes == ("D-TEMPLATE",)


def test_a_masked_end() -> None:
    """Without a trained end generation goes on, which is the stop's fault."""
    found = outcome(answer((1, 2, 3), end=False), (1, 2, 3, 4, 4))

    assert (found.at, found.stopped, found.codes) == (3, False, ("D-STOPSET",))


def test_an_end_that_only_this_answer_lacks() -> None:
    """The diff is content with the end of a later answer; generation here is not."""
    found = outcome(answer((1, 2, 3), end=False), (1, 2, 3, 4), comparison=compared())

    assert found.codes == ("D-STOPSET",)


def test_a_stop_inside_of_an_answer() -> None:
    """A token of the answer that ends generation is named with where it stands as a stop."""
    stop = Stop((END,), (2, END), ok=True, from_where="generation_config.json")
    found = outcome(answer(stop=stop), (1, 2))

    assert (found.at, found.codes) == (2, ("D-STOPSET",))
    assert "“b” (2)" in found.causes[0].message
    assert "generation_config.json" in found.causes[0].message


def test_weights_that_were_not_saved() -> None:
    """A model that knows none of its samples is not the one that was trained."""
    found = outcome(answer(), (7, 7), best=(7, 7, 7, 7), loss=5.0)

    assert found.codes == ("M-SAVED",)


def test_a_token_that_is_not_learned() -> None:
    """One token is likelier than the expected one, in a model that knows the rest."""
    found = outcome(answer(), (1, 7, 3, END), best=(1, 7, 3, END))

    assert found.codes == ("M-UNLEARNED",)
    assert "“g”" in found.causes[0].message


def test_a_token_that_is_masked() -> None:
    """Nothing taught the model a masked token inside of its answer."""
    taught = answer(trained=(True, False, True, True))

    assert outcome(taught, (1, 7, 3, END), best=(1, 7, 3, END)).codes == ("M-UNTRAINED",)


def test_a_token_that_generation_avoids() -> None:
    """The likeliest token was not taken: something else steers generation."""
    assert outcome(answer(), (1, 7)).codes == ("M-DECODING",)


def test_text_is_safe(tmp_path: Path) -> None:
    """Escapes in a dataset's text reach the terminal as symbols."""
    taught = answer(expected=Side.of(ANSWER, ["\x1b[31m", "b", "c", "$"]))
    found = outcome(taught, (7,), best=(7, 7, 7, 7))
    report = SanityReport(tmp_path, "Model", True, 0.01, ("training",), (found,))

    shown = sanity_text(report, Look(color=False, unicode=True))

    assert "\x1b" not in shown
    assert "␛[31m[1]" in shown
    assert "+ g[7]" in shown

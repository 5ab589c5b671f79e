"""Templates, functions and files that cannot be used: one clear error each, nothing else lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.places import CHATML, MISTRAL
from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference import limits
from inspect_tool.prompts.inference.limits import LimitError, limited
from tests.prompts.diff.rows import ALPACA, CHAT, CHAT_TYPE, PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.prompts.diff.bench import Bench, Row

pytestmark = pytest.mark.slow

ENDLESS = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3


@pytest.fixture
def config(bench: Bench) -> Path:
    """A ChatML config of two conversations, the second of two turns."""
    return bench.config(CHATML, CHAT, dataset=CHAT_TYPE, settings={"chat_template": "chatml"})


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}\n{{ m.content }\n", r"t\.jinja:2: no jinja template"),
        ("{% endfor %}", r"t\.jinja:1: no jinja template"),
        ("{{ ''.__class__.__mro__ }}", "refused by jinja's sandbox"),
        ("{{ messages.__init__.__globals__ }}", "refused by jinja's sandbox"),
        ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "refused by jinja's sandbox"),
        ("{{ 'x' * 99999999999 }}", "too much memory"),
        (ENDLESS, r"took longer than 10 s"),
    ],
)
def test_templates_that_cannot_be_used(
    bench: Bench, config: Path, template: str, said: str
) -> None:
    """A template that is broken, hostile or endless ends with an error that names it."""
    bench.files({"t.jinja": template})

    with pytest.raises(InspectError, match=said):
        bench.report(config, "chat-template:t.jinja")


def test_a_template_that_refuses_a_conversation_costs_its_row(bench: Bench, config: Path) -> None:
    """What a template says of one conversation is noted; the other rows are compared."""
    bench.files(
        {
            "t.jinja": "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}"
            "{% endif %}{{ messages[0].content }}"
        }
    )

    report = bench.report(config, "chat-template:t.jinja")

    assert [(item.row, "no system" in item.message) for item in report.failures] == [(0, True)]
    assert {item.row for item in report.comparisons} == {1}


def test_an_endless_template_leaves_the_other_targets_alone(bench: Bench, config: Path) -> None:
    """What other targets came to is kept."""
    bench.files({"t.jinja": "{% if messages|length %}" + ENDLESS + "{% endif %}"})

    report = bench.report(config, "chat-template:t.jinja", "chat-template")

    assert [summary.samples for summary in report.summaries] == [0, 2]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nothing_like_it", "cannot be imported: ModuleNotFoundError"),
        ("def other(row): ...", "has no function prompt"),
        ("raise SystemError('no')", "cannot be imported: SystemError: no"),
        ("def prompt(row):\n    while True: pass", "took longer than 10 s"),
    ],
)
def test_functions_that_cannot_be_used(bench: Bench, config: Path, code: str, said: str) -> None:
    """A function that cannot be imported or never returns ends with an error that names it."""
    bench.files({"broken.py": code})

    with pytest.raises(InspectError, match=said):
        bench.report(config, "python:broken:prompt")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def prompt(row):\n    return row['nothing']", "raised KeyError"),
        ("def prompt(row):\n    return 7", "returned int"),
        ("def prompt(row):\n    return []", "returned list"),
    ],
)
def test_functions_that_fail_on_rows(bench: Bench, config: Path, code: str, said: str) -> None:
    """What a function does wrong with a row is said of that row."""
    bench.files({"failing.py": code})

    report = bench.report(config, "python:failing:prompt")

    assert len(report.failures) == 2
    assert said in report.failures[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no JSON"), ("{}", "no list of messages"), ("[1]", "message 0 has no role")],
)
def test_message_files_that_are_none(bench: Bench, config: Path, text: str, said: str) -> None:
    """A file that holds no messages is refused."""
    bench.files({"m.json": text})

    with pytest.raises(InspectError, match=said):
        bench.report(config, "messages:m.json")


def test_placeholders_that_match_nothing(bench: Bench, config: Path) -> None:
    """Every row says which placeholder found nothing, and how to say where it is."""
    bench.files({"p.txt": "Dear {stranger}, farewell {nobody}."})

    report = bench.report(config, "text:p.txt")

    assert not report.comparisons
    assert all("{stranger}, {nobody}" in item.message for item in report.failures)


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("chat-template", "the tokenizer has no chat template"),
        ("chat-template:chatml2", "neither a file nor a template.*chatml"),
        ("axolotl:NoPrompter", "no prompter.*AlpacaPrompter"),
        ("saved:.", "no tokenizer is saved there"),
        ("ollama:p.txt", "Go"),
    ],
)
def test_targets_that_are_not_there(bench: Bench, against: str, said: str) -> None:
    """A target that does not exist is refused with what there is."""
    bench.files({"p.txt": "{{ .Prompt }}"})
    config = bench.config(MISTRAL, ALPACA, dataset={"type": "alpaca"})

    with pytest.raises(InspectError, match=said):
        bench.report(config, against)


@pytest.mark.parametrize(
    ("dataset", "rows", "settings", "said"),
    [
        ({"type": "completion"}, [{"text": "all of it"}], {}, "trains every token"),
        (
            {"type": "chatml.intel"},
            [{"system": "", "question": "q", "chosen": "a", "rejected": "b"}],
            {"rl": "dpo"},
            "only supervised training",
        ),
    ],
)
def test_kinds_without_a_prompt(
    bench: Bench,
    dataset: dict[str, str],
    rows: list[dict[str, str]],
    settings: dict[str, str],
    said: str,
) -> None:
    """Kinds that have no prompt before an answer are refused by name."""
    config = bench.config(CHATML, rows, dataset=dataset, settings=settings)

    with pytest.raises(InspectError, match=said):
        bench.report(config, "chat-template")


def test_a_row_that_axolotl_fails_on_is_noted(bench: Bench) -> None:
    """The other rows are compared."""
    rows: list[Row] = [{"messages": None}, *PLAIN]
    config = bench.config(CHATML, rows, dataset=CHAT_TYPE, settings={"chat_template": "chatml"})

    report = bench.report(config, "chat-template")

    assert [item.row for item in report.comparisons] == [1]
    assert "axolotl fails on it" in report.failures[0].message


@pytest.mark.parametrize(
    ("text", "fills", "said"),
    [
        ("  \n", (), "is empty"),
        ("Q: {q}", ("question=messages.0.content",), "no file has {question}.*placeholders are q"),
    ],
)
def test_prompt_files_that_cannot_be_used(
    bench: Bench, config: Path, text: str, fills: tuple[str, ...], said: str
) -> None:
    """A file without a prompt, and a --fill of which it knows nothing."""
    bench.files({"p.txt": text})

    with pytest.raises(InspectError, match=said):
        bench.report(config, "text:p.txt", fills=fills)


def test_a_placeholder_alone_is_not_inferred(bench: Bench, config: Path) -> None:
    """Without a fixed text around it anything would match, and agree."""
    bench.files({"m.json": '[{"role": "user", "content": "{q}"}]', "p.txt": "{q}"})

    report = bench.report(config, "messages:m.json", "text:p.txt")

    assert not report.comparisons
    assert all("nothing was found for {q}" in item.message for item in report.failures)


def test_a_row_that_ends_the_worker_is_named(bench: Bench) -> None:
    """A line of null ends the worker's process: its place is said, and the next diff goes on."""
    config = bench.config(CHATML, PLAIN, dataset=CHAT_TYPE, settings={"chat_template": "chatml"})
    data = bench.folder / "data.jsonl"
    good = data.read_text()
    data.write_text(f"null\n{good}")

    with pytest.raises(InspectError, match=r"data\.jsonl:1: a row that is no object but null"):
        bench.report(config, "chat-template")
    data.write_text(good)

    assert not bench.report(config, "chat-template").differs


def test_a_row_that_is_not_there(bench: Bench, config: Path) -> None:
    """Asking for a row past the end names the rows that there are."""
    with pytest.raises(InspectError, match="its rows are 0 to 1"):
        list(bench.diff(config, "chat-template").run(rows=[2]))


def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes more memory than it may is ended, and the process goes on."""
    monkeypatch.setattr(limits, "MEMORY", 1 << 26)

    with pytest.raises(LimitError, match="too much memory"), limited("a test"):
        bytearray(1 << 30)


def test_time_is_limited() -> None:
    """What takes longer than it may is ended, whatever it catches."""

    def stubborn() -> None:
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: S112
                continue

    with pytest.raises(LimitError, match=r"longer than 0\.1 s"), limited("a test", seconds=0.1):
        stubborn()

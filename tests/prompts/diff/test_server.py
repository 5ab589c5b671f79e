"""A running server is asked for its ids; one that cannot be used is named, nothing else lost."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Tokenizer

from fixtures.places import CHATML
from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.specs import Options
from tests.prompts.diff.rows import CHAT_TYPE, PLAIN, TOOL_CHAT
from tests.prompts.diff.servers import Answer, serving
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.prompts.diff.bench import Bench

pytestmark = pytest.mark.slow


@pytest.fixture
def config(bench: Bench) -> Path:
    """A ChatML config of one short conversation."""
    return bench.config(CHATML, PLAIN, dataset=CHAT_TYPE, settings={"chat_template": "chatml"})


def vllm(body: dict[str, Any], *, opening: str = "") -> Answer:
    """Answer as vLLM with this tokenizer and ChatML would."""
    text = opening + "".join(
        f"<|im_start|>{item['role']}\n{item['content']}<|im_end|>\n" for item in body["messages"]
    )
    text += "<|im_start|>assistant\n" if body["add_generation_prompt"] else ""
    library = Tokenizer.from_file(str(CHATML / "tokenizer.json"))
    ids = library.encode(text, add_special_tokens=False).ids
    answer = {"count": len(ids), "max_model_len": 4096, "tokens": ids}
    return 200, json.dumps(answer).encode()


@pytest.mark.parametrize("suffix", ["", "/", "/v1"])
def test_a_server_with_the_same_template_agrees(bench: Bench, config: Path, suffix: str) -> None:
    """The ids of /tokenize are compared, however the URL is written."""
    with serving(vllm) as url:
        report = bench.report(config, f"openai:{url}{suffix}")

    assert [item.equal for item in report.comparisons] == [True]


def test_a_server_with_another_template_differs(bench: Bench, config: Path) -> None:
    """What the server's template adds is shown as a difference."""
    with serving(lambda body: vllm(body, opening="Be kind.\n")) as url:
        report = bench.report(config, f"openai:{url}")

    (found,) = report.comparisons[0].differences
    assert found.cause == "D-TEMPLATE"
    assert "Be·kind." in found.message


def test_a_server_with_another_tokenizer(bench: Bench, config: Path) -> None:
    """The same text with other ids is the tokenizer's doing."""

    def split(body: dict[str, Any]) -> Answer:
        value = json.loads(vllm(body)[1])
        library = Tokenizer.from_file(str(CHATML / "tokenizer.json"))
        at = next(
            i for i, item in enumerate(value["tokens"]) if library.id_to_token(item) == "Ġmany"
        )
        letters = [library.token_to_id(char) for char in "Ġmany"]
        value["tokens"][at : at + 1] = letters
        return 200, json.dumps(value).encode()

    with serving(split) as url:
        report = bench.report(config, f"openai:{url}")

    (found,) = report.comparisons[0].differences
    assert found.cause == "D-LIBVERSION"
    assert found.same_text


def test_the_server_is_sent_the_conversation(bench: Bench) -> None:
    """Messages, tools and template arguments go to the server as the OpenAI API has them."""
    asked: list[dict[str, Any]] = []
    config = bench.config(
        CHATML, TOOL_CHAT, dataset=CHAT_TYPE, settings={"chat_template": "tokenizer_default"}
    )

    with serving(lambda body: asked.append(body) or vllm(body)) as url:  # type: ignore[func-returns-value]
        bench.report(config, f"openai:{url}", kwargs=["enable_thinking=false"])

    assert asked[0] == {
        "messages": TOOL_CHAT[0]["messages"][:1],
        "add_generation_prompt": True,
        "tools": TOOL_CHAT[0]["tools"],
        "chat_template_kwargs": {"enable_thinking": False},
    }


def _answers(status: int, body: str) -> Callable[[dict[str, Any]], Answer]:
    return lambda _: (status, body.encode())


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "<html>", "not JSON"),
        (200, "[1, 2]", "without tokens"),
        (200, '{"tokens": []}', "without tokens"),
        (200, '{"tokens": ["a"]}', "no ids"),
        (200, '{"tokens": [-1]}', "no ids"),
        (200, '{"tokens": [true]}', "no ids"),
        (404, "not found", "no /tokenize"),
        (500, '{"error": {"message": "out of memory"}}', "500: out of memory"),
        (302, "http://example.invalid/", "302"),
    ],
)
def test_answers_that_are_none(
    bench: Bench, config: Path, status: int, body: str, said: str
) -> None:
    """Whatever a server answers, the error says what was wrong with it."""
    with serving(_answers(status, body)) as url, pytest.raises(InspectError, match=said):
        bench.report(config, f"openai:{url}")


def test_a_refused_conversation_costs_its_row(bench: Bench, config: Path) -> None:
    """A conversation that the server refuses is noted with the server's words."""
    with serving(_answers(400, '{"message": "roles must alternate"}')) as url:
        report = bench.report(config, f"openai:{url}")

    assert "roles must alternate" in report.failures[0].message


def test_a_server_that_is_down(bench: Bench, config: Path) -> None:
    """Nobody listens there: the error says so, and results of other targets stay."""
    with serving(vllm) as url:
        pass

    diff = bench.diff(config, "chat-template", f"openai:{url}")
    report = diff.report()

    assert report.summaries[0].samples == 1
    assert "cannot be reached" in str(diff.refused[f"openai:{url}"])
    assert "cannot be reached" in report.failures[-1].message


def test_a_server_that_is_slow(bench: Bench, config: Path) -> None:
    """A server that gives no answer in time is given up."""
    done = threading.Event()

    def slow(_: dict[str, Any]) -> Answer:
        done.wait(PATIENCE)
        return 200, b"{}"

    with serving(slow) as url:
        try:
            with pytest.raises(InspectError, match=r"no answer in 0\.5 s .*--timeout"):
                bench.report(config, f"openai:{url}", options=Options(timeout=0.5))
        finally:
            done.set()

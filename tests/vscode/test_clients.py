"""Each configuration of this repository's launch.json, started as an editor starts it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pexpect
import pytest

from inspect_tool.editor.launch_json import ATTACH, INSPECT, PREPROCESS, RANKS, TESTS, TRAIN
from inspect_tool.errors import InspectError
from inspect_tool.runs.journal import State, read_metrics, read_status
from inspect_tool.runs.ports import choose_port
from inspect_tool.runs.stops.places import NAMES, places
from tests.axolotl_runs import ROOT
from tests.dap import DapClient, Frame
from tests.runs.debug.sessions import contents, project
from tests.vscode.adapter import Adapter
from tests.vscode.editor import Editor
from tests.waiting import PATIENCE, until_gone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dap import Conversation

pytestmark = pytest.mark.slow

NOT_REACHED = {"nan"}
"""Named stops that a run that goes well does not reach."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config in a folder whose path has spaces."""
    folder = tmp_path / "my project"
    folder.mkdir()
    return project(folder)


def a_line(stop: str, file: str) -> tuple[str, int]:
    """Return file and line of a place in axolotl's installed source."""
    place = next(p for p in places(stop) if str(p.file).endswith(file))
    return str(place.file), place.line


TOKENIZING = "axolotl/prompt_strategies/chat_template.py"
LOSS = "axolotl/core/trainers/base.py"


def stops(client: Conversation) -> list[Frame]:
    """Let a program run to its end; return where it stopped, a file's breakpoints each once."""
    met: list[Frame] = []
    while True:
        event = client.event("stopped", "terminated")
        if event["event"] == "terminated":
            return met
        frame = client.frame(event)
        met.append(frame)
        if event["body"]["reason"] == "breakpoint":
            client.request("setBreakpoints", source={"path": frame.file}, breakpoints=[])
        client.go_on()


def names(met: list[Frame]) -> set[tuple[str, str]]:
    """Return the ends of the files and the bare functions of frames."""
    return {
        ("/".join(frame.file.split("/")[-2:]), frame.function.rpartition(".")[2]) for frame in met
    }


def test_train(config: Path) -> None:
    """F5 on a YAML: breakpoints and every named stop hold, without following any child.

    The run ends well, its folder says so, and nothing of the person's is changed.
    """
    before = contents(config.parent)
    wanted = ",".join(name for name in NAMES if name not in NOT_REACHED)
    editor = Editor(ROOT, config, picks={"stopAt": wanted})
    points = dict([a_line("tokenize", TOKENIZING), a_line("loss", LOSS)])
    with Adapter() as client:
        client.start(
            "launch",
            editor.configuration(TRAIN),
            breakpoints={file: [line] for file, line in points.items()},
        )
        met = stops(client)

    run = config.parent / ".inspect" / "runs" / "lora-1"
    status = read_status(run)
    assert {
        ("prompt_strategies/chat_template.py", "tokenize_prompt"),
        ("prompt_strategies/chat_template.py", "_tokenize_single_prompt"),
        ("trainers/base.py", "evaluate"),
        ("collators/batching.py", "__call__"),
        ("trainers/base.py", "compute_loss"),
        ("qwen2/modeling_qwen2.py", "forward"),
        ("axolotl/train.py", "save_trained_model"),
    } <= names(met)
    assert status is not None
    assert (status.state, status.exit_status) == (State.FINISHED, 0), client.output
    assert len([step for step in read_metrics(run) if "loss" in step]) == 4
    assert "finished: 4 steps" in client.output
    assert contents(config.parent) == before


def test_preprocess(config: Path) -> None:
    """F5 for preparing alone stops where rows are tokenised, and leaves a prepared dataset."""
    editor = Editor(ROOT, config)
    file, line = a_line("tokenize", TOKENIZING)
    with Adapter() as client:
        client.start("launch", editor.configuration(PREPROCESS), breakpoints={file: [line]})
        frame = client.stopped()
        row = client.evaluate("sorted(prompt)", frame)
        client.request("setBreakpoints", source={"path": file}, breakpoints=[])
        client.go_on()
        client.ended()

    assert (frame.file, frame.line) == (file, line)
    assert "messages" in row
    run = config.parent / ".inspect" / "runs" / "lora-1"
    assert list((run / "prepared").glob("*/state.json")), client.output


def test_attach_to_a_waiting_run(config: Path) -> None:
    """The task before it starts a run that waits; attached, it stops in compute_loss.

    A second start of that task finds the waiting run and starts none.
    """
    editor = Editor(ROOT, config, port=choose_port(0))
    file, line = a_line("loss", LOSS)
    attach = editor.configuration(ATTACH)
    with editor.before(ATTACH) as task:
        with editor.before(ATTACH) as second:
            assert task is not None
            assert second is not None
            assert second.process.wait(PATIENCE) == 0
        with DapClient(attach["connect"]["port"]) as client:
            client.start("attach", attach, breakpoints={file: [line]})
            frame = client.stopped()
            stack = client.request("stackTrace", threadId=client.thread, levels=50)
            rows = client.evaluate("inputs['input_ids'].shape[0]", frame)
        pid = task.process.pid

    assert (frame.file, frame.line) == (file, line)
    assert "training_step" in {f["name"].rpartition(".")[2] for f in stack["stackFrames"]}
    assert rows == "2"
    assert len(list((config.parent / ".inspect" / "runs").iterdir())) == 1
    until_gone(pid)


def test_attach_to_all_ranks(config: Path) -> None:
    """The task starts two ranks that wait; each stops in its own compute_loss."""
    config.write_text(config.read_text("utf-8").replace("deepspeed: zero3.json", ""))
    editor = Editor(ROOT, config, port=neighbours())
    file, line = a_line("loss", LOSS)
    first, second = editor.compound(RANKS)
    with editor.before(RANKS) as task:
        assert task is not None
        with (
            DapClient(first["connect"]["port"]) as one,
            DapClient(second["connect"]["port"]) as two,
        ):
            clients = (one, two)
            for client, attach in zip(clients, (first, second), strict=True):
                client.start("attach", attach, breakpoints={file: [line]})
            frames = [client.stopped() for client in clients]
            ranks = [
                client.evaluate("self.args.process_index", frame)
                for client, frame in zip(clients, frames, strict=True)
            ]

    assert [(frame.file, frame.line) for frame in frames] == [(file, line)] * 2
    assert ranks == ["0", "1"]


def neighbours() -> int:
    """Return the lower of two ports that are both free."""
    while True:
        port = choose_port(0)
        with suppress(InspectError):
            choose_port(port + 1)
            return port


def test_inspect(config: Path) -> None:
    """The app comes up in the terminal that the adapter asks for, and q ends it."""
    editor = Editor(ROOT, config, picks={"dataset": str(config.parent)})
    with Adapter() as client:
        client.start("launch", editor.configuration(INSPECT))
        assert client.terminal is not None
        client.terminal.expect(rb"lora\.yml", timeout=PATIENCE)
        client.terminal.send(b"\x11")
        client.terminal.expect(pexpect.EOF, timeout=PATIENCE)

        assert client.exit_status() == 0


def test_tests(tmp_path: Path) -> None:
    """F5 on a test stops in it, and its failure is the program's."""
    file = tmp_path / "test_mine.py"
    file.write_text("def test_it() -> None:\n    value = 41\n    assert value == 42\n")
    with Adapter() as client:
        client.start(
            "launch", Editor(ROOT, file).configuration(TESTS), breakpoints={str(file): [3]}
        )
        frame = client.stopped()
        value = client.evaluate("value", frame)
        client.go_on()

        assert client.exit_status() == 1
    assert (frame.file, value) == (str(file), "41")
    assert re.search(r"1 failed", client.output)


def test_an_uncaught_exception(config: Path) -> None:
    """It stops where axolotl raises it, and the run's folder has the cause."""
    config.write_text(config.read_text("utf-8").replace("type: chat_template", "type: nowhere"))
    with Adapter() as client:
        client.start("launch", Editor(ROOT, config).configuration(TRAIN), exceptions=("uncaught",))
        frame = client.stopped()
        client.go_on()

        assert client.exit_status() == 1
    assert "/axolotl/" in frame.file
    status = read_status(config.parent / ".inspect" / "runs" / "lora-1")
    assert status is not None
    assert status.state is State.FAILED
    assert "nowhere" in status.message


def test_killed(config: Path) -> None:
    """After kill -9 of the run the folder says that it died, its log is there, nothing is left."""
    file, line = a_line("tokenize", TOKENIZING)
    with Adapter() as client:
        client.start(
            "launch", Editor(ROOT, config).configuration(TRAIN), breakpoints={file: [line]}
        )
        client.stopped()
        run = config.parent / ".inspect" / "runs" / "lora-1"
        live = read_status(run)
        until_gone(*client.end_debuggee())

    status = read_status(run)
    assert live is not None
    assert status is not None
    assert (live.state, status.state) == (State.RUNNING, State.DIED)
    assert (run / "log.txt").read_text("utf-8").startswith("cd ")

"""Debug runs under a real debugger: every named stop, the user's files, loopback, no leftovers."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from inspect_tool.runs.journal import State, read_metrics
from inspect_tool.runs.ports import listened
from tests.axolotl_runs import RECIPES, ROOT
from tests.dap import DapClient, Frame
from tests.runs.debug.plans import QLORA_2024
from tests.runs.debug.sessions import Session, contents, project
from tests.waiting import until, until_gone

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

EXPECTED = {
    "tokenize": ("axolotl/prompt_strategies/chat_template.py", "tokenize_prompt"),
    "mask": ("axolotl/prompt_strategies/chat_template.py", "_tokenize_single_prompt"),
    "evaluate": ("axolotl/core/trainers/base.py", "evaluate"),
    "collate": ("axolotl/utils/collators/batching.py", "__call__"),
    "loss": ("axolotl/core/trainers/base.py", "compute_loss"),
    "forward": ("transformers/models/qwen2/modeling_qwen2.py", "forward"),
    "optimizer": ("transformers/trainer.py", ""),
    "save": ("axolotl/train.py", "save_trained_model"),
}
"""Each stop in the order reached (axolotl evaluates before the first step): the frame shown."""


def place(frame: Frame) -> tuple[str, str]:
    """Return the end of a frame's path and its function's bare name."""
    return frame.file, frame.function.rpartition(".")[2]


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def test_every_stop_in_one_run(tmp_path: Path) -> None:
    """An attached debugger stops once at each name, in the source of axolotl or transformers.

    The user's files are as they were, and nothing listens on anything but loopback meanwhile.
    """
    config = project(tmp_path)
    before = contents(tmp_path)
    with Session(config, "--stop-at", ",".join(EXPECTED)) as session:
        session.until_ready()
        processes = tree(session.process.pid)
        with DapClient(session.port) as client:
            client.attach()
            met = []
            for name in EXPECTED:
                frame = client.stopped()
                met.append((name, *place(frame)))
                if name == "loss":
                    processes += tree(session.process.pid)
                    addresses = {a for p in set(processes) for a in listened(p).values()}
                    shape = client.evaluate("inputs['input_ids'].shape[0]", frame)
                client.go_on()
            client.ended()
        assert session.wait() == 0, session.output

    for name, file, function in met:
        assert file.endswith(EXPECTED[name][0]), met
        assert EXPECTED[name][1] in {"", function}, met
    assert (shape, addresses) == ("2", {"127.0.0.1"})
    assert contents(tmp_path) == before
    assert session.status.state is State.FINISHED
    assert len([s for s in read_metrics(session.folder) if "loss" in s]) == 4
    until_gone(*(process.pid for process in processes))


def test_the_first_loss_that_is_not_finite(tmp_path: Path) -> None:
    """--stop-at nan stops in the trainer, with the loss at hand, at the step where it happens."""
    config = project(tmp_path, more="max_grad_norm: 0\nlr_scheduler: constant\n")
    options = ("--stop-at", "nan", "--set", "learning_rate=1.0e+30", "--set", "max_grad_norm=0.0")
    with Session(config, *options) as session:
        session.until_ready()
        with DapClient(session.port) as client:
            client.attach()
            frame = client.stopped()
            finite = client.evaluate("bool(loss.isfinite())", frame)
            step = client.evaluate("self.state.global_step", frame)

    assert frame.file.endswith("transformers/trainer.py")
    assert (finite, int(step) > 0) == ("False", True)


def test_a_line_of_a_file(tmp_path: Path) -> None:
    """--break FILE:LINE stops at that line of a package, and a client's own breakpoints work."""
    from inspect_tool.runs.stops.places import places

    at = places("loss")[0]
    source = next(p for p in places("save") if p.function == "save_trained_model")
    line = f"axolotl/train.py:{source.line}"
    with Session(project(tmp_path), "--break", line, "--steps", 1) as session:
        session.until_ready()
        with DapClient(session.port) as client:
            client.attach(breakpoints={str(at.file): [at.line]})
            first = client.stopped()
            client.go_on()
            second = client.stopped()
            client.go_on()
            client.ended()
        assert session.wait() == 0, session.output

    assert (first.file, first.line) == (str(at.file), at.line)
    assert (second.file, second.line) == (str(source.file), source.line)


def test_stops_are_nothing_without_a_debugger(tmp_path: Path) -> None:
    """--no-debugger runs through, stops or not, and shows the losses."""
    with Session(project(tmp_path), "--no-debugger", "--stop-at", "loss") as session:
        assert session.wait() == 0, session.output

    assert "finished: 4 steps" in session.output


def test_the_preprocess_stage(tmp_path: Path) -> None:
    """--stage preprocess prepares the slice in the run's folder and trains nothing."""
    with Session(project(tmp_path), "--no-debugger", "--stage", "preprocess") as session:
        assert session.wait() == 0, session.output

    assert list((session.folder / "prepared").glob("*/state.json"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """While it waits for a debugger, an interruption ends all of it and the status says so."""
    with Session(project(tmp_path)) as session:
        session.until_ready()
        pids = [process.pid for process in tree(session.process.pid)]
        session.process.send_signal(number)
        assert session.wait() == 130

    until_gone(*pids)
    assert session.status.state is State.INTERRUPTED


def test_an_interruption_at_a_stop_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C ends a run that a debugger holds in the middle of training, client or not."""
    with Session(project(tmp_path), "--stop-at", "loss") as session:
        session.until_ready()
        with DapClient(session.port) as client:
            client.attach()
            client.stopped()
            pids = [process.pid for process in tree(session.process.pid)]
            session.process.send_signal(signal.SIGINT)
            assert session.wait() == 130

    until_gone(*pids)
    assert session.status.state is State.INTERRUPTED


def test_a_killed_owner_leaves_nothing(tmp_path: Path) -> None:
    """After kill -9 of the command nothing runs, and the status says that it died."""
    with Session(project(tmp_path)) as session:
        session.until_ready()
        assert session.status.port == session.port
        pids = [process.pid for process in tree(session.process.pid)]
        os.kill(session.process.pid, signal.SIGKILL)
        session.wait()
        until_gone(*pids)

    assert session.status.state is State.DIED


def test_a_killed_run_is_told(tmp_path: Path) -> None:
    """When the training process is killed, the command ends with 3 and says by what."""
    with Session(project(tmp_path)) as session:
        session.until_ready()
        debugged = next(
            p
            for p in tree(session.process.pid)
            if "--wait-for-client" in p.cmdline()[:10] and "guard.py" not in " ".join(p.cmdline())
        )
        pids = [process.pid for process in tree(session.process.pid)]
        debugged.kill()
        assert session.wait() == 3

    assert "signal 9" in session.output
    assert session.status.state is State.FAILED
    until_gone(*pids)


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    """The log's cause is the one line, the log is named, and the status keeps both."""
    config = project(tmp_path)
    options = ("--no-debugger", "--quiet", "--set", "datasets.0.type=no_such_strategy")
    with Session(config, *options) as session:
        assert session.wait() == 3

    assert str(session.folder / "log.txt") in session.lines[-1]
    assert session.status.state is State.FAILED
    assert session.status.message
    until(lambda: (session.folder / "log.txt").stat().st_size > 0, "a log")


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is Linux's")
def test_a_disk_that_fills_while_it_saves(tmp_path: Path) -> None:
    """Where the trained model does not fit the disk any more, the run's failure says so."""
    prefix = ("prlimit", "--fsize=400000")
    options = ("--no-debugger", "--quiet", "--steps", 1)
    with Session(project(tmp_path), *options, prefix=prefix) as session:
        assert session.wait() == 3

    assert "there is no room on the disk" in session.lines[-1]
    assert "F-DISK-FULL" in session.output
    assert session.status.state is State.FAILED


@pytest.mark.parametrize("recipe", ["kto", "reward-model"])
def test_kinds_whose_model_axolotl_loads_otherwise(tmp_path: Path, recipe: str) -> None:
    """A reference model of TRL's own, and a classifier, train on random weights too."""
    config = tmp_path / f"{recipe}.yml"
    config.write_text((RECIPES / config.name).read_text("utf-8"))
    options = ("--no-debugger", "--steps", 1, "--cwd", ROOT, "--name", f"test-{tmp_path.name}")
    made = ROOT / ".inspect" / "runs" / f"test-{tmp_path.name}"
    try:
        with Session(config, *options) as session:
            assert session.wait() == 0, session.output
    finally:
        shutil.rmtree(made, ignore_errors=True)

    assert "finished: 1 steps" in session.output


def test_a_config_of_2024(tmp_path: Path) -> None:
    """A QLoRA run on a gated model, with removed keys, stops in compute_loss on a CPU."""
    project(tmp_path)
    turns = [{"from": "human", "value": "two and two?"}, {"from": "gpt", "value": "four"}]
    (tmp_path / "chats.jsonl").write_text(f"{json.dumps({'conversations': turns})}\n" * 9)
    (tmp_path / "hc.yml").write_text(QLORA_2024)
    tokenizer = ROOT / "fixtures" / "built" / "chatml-bpe"
    options = ("--like", "mistral", "--tokenizer", tokenizer, "--stop-at", "loss")
    with Session(tmp_path / "hc.yml", *options) as session:
        session.until_ready()
        with DapClient(session.port) as client:
            client.attach()
            frame = client.stopped()
            adapter = client.evaluate("type(self.model).__name__", frame)

    assert frame.file.endswith("axolotl/core/trainers/base.py")
    assert "PeftModel" in adapter

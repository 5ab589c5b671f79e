"""What the Run screen says of a run, from its folder alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.follow import Follower, RunView
from inspect_tool.runs.journal import PLAN, State
from inspect_tool.tui.run import (
    CURVE_COLUMNS,
    after_line,
    attach_line,
    curves_of,
    progress_line,
    speed_line,
    state_part,
    step_line,
)
from tests.tui.run_folders import GONE, HERE, RunFolder, make_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from inspect_tool.tui.widgets.parts import Part


@pytest.fixture
def run(tmp_path: Path, chatml_dir: Path) -> RunFolder:
    """A run under a debugger."""
    return make_run(tmp_path, chatml_dir, debugger=True)


def view_of(run: RunFolder) -> RunView:
    """Look into a run's folder once."""
    return Follower(run.folder).look()


def text(parts: Iterable[Part]) -> str:
    """Return parts as they read."""
    return "".join(part.text for part in parts)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.PREPARING, "preparing"),
        (State.STARTING, "axolotl starts"),
        (State.WAITING, "waits for a debugger on 127.0.0.1:5678"),
        (State.RUNNING, "running, step 3/20"),
        (State.FINISHED, "finished, step 3/20"),
        (State.FAILED, "failed: out of memory"),
        (State.INTERRUPTED, "interrupted"),
    ],
)
def test_every_state(run: RunFolder, state: State, says: str) -> None:
    """Each has its words."""
    run.step(3, 1.0)
    run.status(state, port=5678, message="out of memory" * (state is State.FAILED), **HERE)

    assert says in state_part(view_of(run)).text


def test_a_killed_run(run: RunFolder) -> None:
    """A run whose process is gone has died, whatever its status says."""
    run.status(State.RUNNING, **GONE)

    assert "died" in state_part(view_of(run)).text


def test_no_status(tmp_path: Path) -> None:
    """A folder without one says so."""
    assert state_part(Follower(tmp_path).look()).text == "no status was written"


def test_how_to_attach(run: RunFolder) -> None:
    """While a debugger is waited for: the port, what the editor must set, and the stops."""
    run.status(State.WAITING, port=5678, **HERE)
    waiting = text(attach_line(view_of(run)))
    run.status(State.RUNNING)

    assert "port 5678" in waiting
    assert '"justMyCode": false' in waiting
    assert "stops at loss" in waiting
    assert attach_line(view_of(run)) == ()


def test_speed_and_time_left(run: RunFolder) -> None:
    """Tokens a second and what is left come from the last steps; memory from the last."""
    run.status(State.RUNNING, **HERE)
    for number in range(1, 5):
        run.step(number, 2.0)

    assert text(speed_line(view_of(run))) == "8 s left  ·  200 tokens/s  ·  512 MB"


def test_what_to_do_with_what_was_learned(run: RunFolder) -> None:
    """A run that learned rows by heart names the command that asks for them, once it is over."""
    plan = json.loads((run.folder / PLAN).read_text())
    run.journal.write(PLAN, json.dumps({**plan, "memorize": 4}))
    run.status(State.RUNNING, **HERE)
    before = after_line(view_of(run))
    run.status(State.FINISHED)

    assert before == ()
    assert text(after_line(view_of(run))).startswith(f"inspect-tool sanity {run.folder}")


def test_progress(run: RunFolder) -> None:
    """A bar while it goes on, none after."""
    run.status(State.RUNNING, **HERE)
    run.step(10, 2.0)
    bar = text(progress_line(view_of(run)))
    run.status(State.FINISHED)

    assert (bar.count("█"), bar.count("░")) == (6, 6)
    assert progress_line(view_of(run)) == ()


def test_numbers_of_the_last_step(run: RunFolder) -> None:
    """Those that are not finite say so; an evaluation's loss stands beside them."""
    run.step(1, 3.0, grad_norm=None, not_finite=["grad_norm"])
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "eval_loss": 2.5}\n')

    said = text(step_line(view_of(run)))
    assert said == "loss 3  ·  gradient norm not finite  ·  learning rate 2.0e-04  ·  eval loss 2.5"


def test_curves(run: RunFolder) -> None:
    """One point a step; a loss that was not finite is a hole."""
    for number, value in ((1, 3.0), (2, None), (3, 1.0)):
        run.step(number, value)
    loss, norm, _ = curves_of(view_of(run))

    assert list(loss.points) == [(1, 3.0), (2, None), (3, 1.0)]
    assert [y for _, y in norm.points] == [1.5] * 3


def test_curves_of_a_long_run(run: RunFolder) -> None:
    """They have no more points than can be drawn, the first and the last step among them."""
    line = '{"step": %d, "loss": 1.5, "grad_norm": NaN}\n'
    (run.folder / "metrics.jsonl").write_text("".join(line % at for at in range(20_000)))
    loss, norm, _ = curves_of(view_of(run))

    assert len(loss.points) <= 3 * CURVE_COLUMNS + 2
    assert (loss.points[0][0], loss.points[-1][0]) == (0, 19_999)
    assert {y for _, y in norm.points} == {None}

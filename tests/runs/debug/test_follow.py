"""A run's folder followed: what grows is read once, whole lines only, whatever state it is in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inspect_tool.runs.follow import Follower, RunPlan, Tail
from inspect_tool.runs.journal import State, make_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_come_once(tmp_path: Path) -> None:
    """Each look has the lines since the one before; one being written waits for its end."""
    file = tmp_path / "log.txt"
    tail = Tail(file)
    file.write_text("one\ntw")
    first = tail.take()
    with file.open("a") as more:
        more.write("o\nthree")

    assert (first, tail.take(), tail.rest(), tail.rest()) == (["one"], ["two"], ["three"], [])


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    """It has no lines, and all of them once it is there."""
    tail = Tail(tmp_path / "log.txt")
    before = tail.take()
    (tmp_path / "log.txt").write_text("here\n")

    assert (before, tail.take()) == ([], ["here"])


def test_a_file_that_was_written_anew(tmp_path: Path) -> None:
    """A shorter file is read from its beginning."""
    file = tmp_path / "log.txt"
    tail = Tail(file)
    file.write_text("a long first line\n")
    tail.take()
    file.write_text("new\n")

    assert tail.take() == ["new"]


def test_another_file_in_its_place(tmp_path: Path) -> None:
    """A rehearsal's log is that of one run, then of the other, which may be the longer one."""
    (tmp_path / "one.txt").write_text("first run\nbegun")
    (tmp_path / "many.txt").write_text("another run, of more processes\n")
    link = tmp_path / "log.txt"
    link.symlink_to("one.txt")
    tail = Tail(link)
    before = tail.take()
    link.unlink()
    link.symlink_to("many.txt")

    assert (before, tail.take()) == (["first run"], ["another run, of more processes"])
    assert tail.another


def test_the_second_run_of_a_rehearsal(tmp_path: Path) -> None:
    """Its steps are not put behind those of the first; which one is shown is known."""
    folder = tmp_path / "run"
    make_folder(folder).say(State.RUNNING)
    follower = Follower(folder)
    seen = []
    for part, steps in (("one", 3), ("many", 2)):
        (folder / part).mkdir()
        for name in ("log.txt", "metrics.jsonl"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(f"{part}/{name}")
        lines = [f'{{"step": {number}, "loss": 1.0}}\n' for number in range(1, steps + 1)]
        (folder / part / "metrics.jsonl").write_text("".join(lines))
        view = follower.look()
        seen.append((view.part, [step.number for step in view.steps]))

    assert seen == [("one", [1, 2, 3]), ("many", [1, 2])]


def test_only_the_end_of_a_long_log(tmp_path: Path) -> None:
    """Of what was there before, the last bytes, from the first whole line on."""
    file = tmp_path / "log.txt"
    file.write_text("".join(f"line {number}\n" for number in range(100)))

    assert Tail(file, last_bytes=20).take() == ["line 98", "line 99"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """They stand as replacements, and lose no line."""
    (tmp_path / "log.txt").write_bytes(b"\xff\xfe\nnext\n")

    assert Tail(tmp_path / "log.txt").take() == ["��", "next"]


def test_metrics_that_are_none(tmp_path: Path) -> None:
    """Lines that are no step's are left out."""
    make_folder(tmp_path / "run")
    lines = ["{", "[]", "null", '{"loss": 1}', '{"step": 2, "loss": "x", "max_steps": true}']
    lines += ['{"step": 1e400}', f'{{"step": 3, "loss": 1{"0" * 400}}}']
    (tmp_path / "run" / "metrics.jsonl").write_text("\n".join(lines) + "\n")

    assert [step.number for step in Follower(tmp_path / "run").look().steps] == [2]


def test_a_plan_that_cannot_be_read(tmp_path: Path) -> None:
    """A damaged plan is as none."""
    folder = tmp_path / "run"
    journal = make_folder(folder)
    for text in ("", "{", "[]", '{"launch": 3}', '{"launch": {"argv": 1}, "config": ""}'):
        journal.write("plan.json", text)
        assert Follower(folder).look().plan == RunPlan()


def test_what_the_plan_says(tmp_path: Path) -> None:
    """Config, debugger and stops."""
    journal = make_folder(tmp_path / "run")
    plan = {
        "config": "/p/a.yml",
        "launch": {"argv": ["python", "-m", "debugpy"]},
        "stops": {"names": ["loss"], "breaks": ["/p/f.py:3"]},
    }
    journal.write("plan.json", json.dumps(plan))

    found = Follower(tmp_path / "run").look().plan
    assert found == RunPlan("/p/a.yml", debugger=True, stops=("loss", "/p/f.py:3"))


def test_the_last_line_of_a_run_that_is_over(tmp_path: Path) -> None:
    """A log that ends in the middle of a line is shown to its end."""
    journal = make_folder(tmp_path / "run")
    (tmp_path / "run" / "log.txt").write_text("one\nno end")
    running = Follower(tmp_path / "run").look().lines
    journal.say(State.INTERRUPTED)

    assert (running, Follower(tmp_path / "run").look().lines) == (("one",), ("one", "no end"))

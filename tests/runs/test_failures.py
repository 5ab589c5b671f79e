"""From a log's text to the cause: tracebacks, signals, metrics, and texts that libraries hold."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tool.runs.config import Config
from inspect_tool.runs.failures import ends
from inspect_tool.runs.failures.explain import READ_BYTES, explain, explain_run
from inspect_tool.runs.failures.failure import UNKNOWN
from inspect_tool.runs.failures.known import RULES
from inspect_tool.runs.failures.validation import CODE
from inspect_tool.runs.journal import LOG, STATUS, State
from tests.axolotl_runs import ROOT
from tests.hostile import TEXTS
from tests.runs.failing import ENDING, PREPARING, TRAINING

if TYPE_CHECKING:
    from inspect_tool.runs.failures.known.rule import Rule

PACKAGE = "/v/lib/python3.11/site-packages/torch/nn/functional.py"
TRACEBACK = f"""starting
  0%|          | 0/4 [00:00<?, ?it/s]Traceback (most recent call last):
  File "/home/me/plugin.py", line 7, in compute_loss
    return call()
           ^^^^^^
  File "{PACKAGE}", line 12, in call
    raise OddError
odd.OddError: what nobody knows
and its second line
  0%|          | 0/4 [00:01<?, ?it/s]
"""
PUBLISHED = {
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.": "F-CUDA-MEMORY",
    "ZeroDivisionError: division by zero": "F-DATA-SMALL",
    "AttributeError: 'Accelerator' object has no attribute 'deepspeed_config'": "F-DEEPSPEED-WANDB",
    "AttributeError: 'DummyOptim' object has no attribute 'step'": "F-DEEPSPEED-ONE",
    "ModuleNotFoundError: No module named 'mpi4py'": "F-DEEPSPEED-ONE",
    "Watchdog caught collective operation timeout: WorkNCCL(SeqNum=42, OpType=ALLGATHER, "
    "Timeout(ms)=1800000) ran for 1806948 milliseconds before timing out.": "F-TIMEOUT",
    "exitcode: -9": "F-OOM-KILLER",
    "OSError: [Errno 28] No space left on device": "F-DISK-FULL",
    "safetensors_rust.SafetensorError: I/O error: File too large (os error 27)": "F-DISK-FULL",
    "OSError: [Errno 30] Read-only file system: '/data/out'": "F-CANNOT-WRITE",
    "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
    "dataloader's workers are out of shared memory.": "F-SHARED-MEMORY",
    "RuntimeError: CUDA error: no kernel image is available for execution": "F-CUDA-BUILD",
    "RuntimeError: CUDA error: device-side assert triggered": "F-TOKEN-ID",
    "datasets.data_files.EmptyDatasetError: The directory at /my data doesn't contain any data "
    "files": "F-DATA-EMPTY",
    "datasets.exceptions.DataFilesNotFoundError: No (supported) data files found in notes": (
        "F-DATA-EMPTY"
    ),
    "UnboundLocalError: cannot access local variable 'state_dict_type' where it is not "
    "associated with a value": "F-ACCELERATE-FILE",
    "/usr/bin/python3: No module named debugpy": "F-NO-AXOLOTL",
    "ImportError: cannot import name 'x' from 'trl.y' (/v/trl/y.py)": "F-IMPORT",
    "pyarrow.lib.ArrowInvalid: Not an Arrow file": "F-DATA-READ",
    "AttributeError: module transformers has no attribute NoModelForCausalLM": "F-MODEL-CLASS",
    "safetensors_rust.SafetensorError: Error while deserializing header: x": "F-WEIGHTS-CUT",
}
"""What users reported, axolotl's documentation or Python print, and no machine here would."""


def logged(text: str) -> str:
    """Return a log in which an exception ended the run."""
    return f'Traceback (most recent call last):\n  File "{PACKAGE}", line 1, in f\n{text}\n'


def test_an_unknown_error_says_what_there_is() -> None:
    """The last exception, whole; its line; and the innermost frame outside libraries."""
    failure = explain(TRACEBACK, exit_status=1)

    assert failure is not None
    assert (failure.code, failure.log_line) == (UNKNOWN, 8)
    assert failure.cause == "odd.OddError: what nobody knows and its second line"
    assert failure.frame is not None
    assert failure.frame.link == "/home/me/plugin.py:7"
    assert [frame.line for frame in failure.frames] == [12, 7]
    assert failure.traceback.splitlines()[0] == "Traceback (most recent call last):"
    assert failure.traceback.splitlines()[-1] == "and its second line"


def test_no_error_is_no_failure() -> None:
    """A log without an exception, or a run that exited with 0, has nothing to explain."""
    assert explain("all is well\n") is None
    assert explain(TRACEBACK, exit_status=0) is None


@pytest.mark.parametrize(("text", "cause"), [("", "it wrote nothing"), ("one\ntwo\n\n", "two")])
def test_without_an_exception_the_end_is_told(text: str, cause: str) -> None:
    """A run that failed without an exception is told by its last line."""
    failure = explain(text, exit_status=1)

    assert failure is not None
    assert failure.cause == cause


def test_the_last_chain_counts() -> None:
    """A traceback that was survived is passed over; in a chain any link may hold the cause."""
    survived = logged("ModuleNotFoundError: No module named 'a'")
    chain = logged("JSON.Error: JSON parse error: bad in row 3").replace("JSON.Error", "my.E")
    joined = "\nThe above exception was the direct cause of the following exception:\n\n"
    failure = explain(f"{survived}going on\n{chain}{joined}{logged('E: failed')}", exit_status=1)

    assert failure is not None
    assert failure.cause == "a data file is not JSON lines: bad (row 3)"


def test_the_cause_in_another_process() -> None:
    """What multiprocess quotes of a worker's traceback is read to the end of the quotation."""
    frame = "/v/lib/python3.11/site-packages/axolotl/prompt_strategies/alpaca_w_system.py"
    inner = logged("KeyError: 'question'").replace(PACKAGE, frame)
    joined = "\nThe above exception was the direct cause of the following exception:\n\n"
    text = f'multiprocess.pool.RemoteTraceback: \n"""\n{inner}"""\n{joined}'

    failure = explain(text + logged("KeyError: 'question'"), exit_status=1)

    assert failure is not None
    assert failure.code == "F-DATA-FIELD"


def test_what_python_ignored_is_no_cause() -> None:
    """An exception in a destructor, after the one that ended the run, is passed over."""
    after = "Exception ignored in: <function X.__del__ at 0x7f>\n" + logged("ValueError: late")

    failure = explain(logged("KeyError: 'first'") + after, exit_status=1)

    assert failure is not None
    assert failure.cause == "KeyError: 'first'"


def test_lines_of_a_rank() -> None:
    """What launchers put before the lines of a rank is no part of the traceback."""
    text = "".join(f"[rank1]: {line}\n" for line in logged("E: x").splitlines())

    failure = explain(text, exit_status=1)

    assert failure is not None
    assert (failure.cause, len(failure.frames)) == ("E: x", 1)


@pytest.mark.parametrize(("text", "code"), PUBLISHED.items(), ids=list(PUBLISHED.values()))
def test_a_published_error_is_known(text: str, code: str) -> None:
    """What others met has its rule."""
    log = logged(text) if re.match(r"[\w.]+: ", text) else f"{text}\n"

    failure = explain(log, exit_status=1)

    assert failure is not None
    assert failure.code == code


SOURCED = [rule for rule in RULES if rule.source is not None]


@pytest.mark.parametrize("rule", SOURCED, ids=[rule.code for rule in SOURCED])
def test_the_text_is_still_in_its_library(rule: Rule) -> None:
    """An error that needs a GPU or the network is still printed by the installed package."""
    assert rule.source is not None
    if (spec := find_spec(rule.source.package)) is None or spec.origin is None:
        pytest.skip(f"{rule.source.package} is not installed")

    text = (Path(spec.origin).parent / rule.source.file).read_text("utf-8")

    assert rule.source.text in text


def test_every_rule_was_met() -> None:
    """Each code is provoked, published, or held to the source of the library that prints it."""
    met = {case.code for cases in (PREPARING, TRAINING, ENDING) for case in cases.values()}
    met |= {*PUBLISHED.values(), *(rule.code for rule in SOURCED)}

    assert {rule.code for rule in RULES} - met == set()


@pytest.mark.parametrize(
    ("status", "code"),
    [(-9, "F-KILLED"), (137, "F-KILLED"), (-11, "F-CRASHED"), (-15, "F-SIGNAL"), (3, UNKNOWN)],
)
def test_signals(status: int, code: str) -> None:
    """A process that a signal ended says which, as Python or as a shell counts."""
    failure = explain("working\n", exit_status=status)

    assert failure is not None
    assert failure.code == code


def test_memory_before_the_signal() -> None:
    """Where the log names what was short, the signal that followed does not hide it."""
    failure = explain("terminate called ...\n  what():  CUDA out of memory.\n", exit_status=-6)

    assert failure is not None
    assert failure.code == "F-CUDA-MEMORY"


def step(number: int, loss: float | None, *, grad: float | None = 1.0) -> dict[str, Any]:
    """Return a line of metrics as the recorder writes it."""
    odd = [name for name, value in (("loss", loss), ("grad_norm", grad)) if value is None]
    return {"step": number, "loss": loss, "grad_norm": grad, "not_finite": odd}


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([], "F-NO-STEPS"),
        ([step(1, 2.0), step(2, None)], "F-LOSS-NAN"),
        ([step(1, 2.0), step(2, 0.0, grad=None)], "F-LOSS-NAN"),
        ([step(1, 2.0, grad=None)], "F-GRADIENT-NAN"),
        ([step(1, 0.0, grad=0.0), step(2, 0.0, grad=0.0)], "F-NOTHING-TRAINED"),
        ([step(1, 2.0), step(2, 0.0)], None),
    ],
)
def test_metrics(steps: list[dict[str, Any]], code: str | None) -> None:
    """A run that ended well is judged by its losses; transformers logs NaN as 0."""
    failure = ends.of_metrics(steps)

    assert (failure.code if failure else None) == code


def test_equal_rewards() -> None:
    """A run by rewards has a loss of 0 where all answers earn the same; tokens are trained."""
    assert ends.of_metrics([step(1, 0.0, grad=0.0)], rewarded=True) is None


def run_folder(folder: Path, state: State, *, log: str, exit_status: int | None) -> Path:
    """Write a run's folder as its owner leaves it, of a process that is gone."""
    status = {"state": state.value, "pid": 2**22 + 1, "exit_status": exit_status, "message": "m"}
    (folder / STATUS).write_text(json.dumps(status), "utf-8")
    (folder / LOG).write_text(log, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("state", "status", "log", "code"),
    [
        (State.FAILED, 1, logged("ValueError: Can't find a valid checkpoint at x"), "F-CHECKPOINT"),
        (State.FAILED, None, "", UNKNOWN),
        (State.RUNNING, None, logged("ValueError: survived"), "F-DIED"),
        (State.RUNNING, None, "OSError: No space left on device\n", "F-DISK-FULL"),
        (State.INTERRUPTED, None, logged("KeyboardInterrupt"), None),
        (State.FINISHED, 0, "", "F-NO-STEPS"),
    ],
)
def test_a_run_folder(
    tmp_path: Path, state: State, status: int | None, log: str, code: str | None
) -> None:
    """A folder alone says what became of its run, also after kill -9."""
    failure = explain_run(run_folder(tmp_path, state, log=log, exit_status=status))

    assert (failure.code if failure else None) == code


def test_the_key_at_fault_is_found_by_its_value(tmp_path: Path) -> None:
    """An error that names a value points at the key that has it, and at its line."""
    file = tmp_path / "c.yml"
    entries = "datasets:\n  - {path: a, type: alpaca}\n  - path: b\n    type: nosuch\n"
    file.write_text(f"base_model: m\n{entries}", "utf-8")
    log = logged("ValueError: unhandled prompt tokenization strategy: nosuch. ")

    failure = explain(log, config=Config.read(file), exit_status=1)

    assert failure is not None
    assert (failure.key, failure.place) == ("datasets.1.type", f"{file}:5")


def test_all_that_a_config_is_refused_for() -> None:
    """Pydantic's list is joined, its classes and unions left out."""
    said = """pydantic_core._pydantic_core.ValidationError: 3 validation errors for Config
datasets.0.SFTDataset.shards
  Input should be a valid integer [type=int_type, input_value='a', input_type=str]
    For further information visit https://errors.pydantic.dev/2.12/v/int_type
chat_template.str-enum[ChatTemplate]
  Input should be 'alpaca' [type=enum, input_value='n', input_type=str]
    For further information visit https://errors.pydantic.dev/2.12/v/enum
chat_template.constrained-str
  String should match pattern [type=string_pattern_mismatch, input_value='n', input_type=str]
    For further information visit https://errors.pydantic.dev/2.12/v/string_pattern_mismatch"""

    failure = explain(logged(said), exit_status=1)

    assert failure is not None
    assert (failure.code, failure.keys[:2]) == (CODE, ("datasets.0.shards", "chat_template"))
    refused = "datasets.0.shards: Input should be a valid integer; chat_template: Input should be"
    assert refused in failure.cause


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_nothing_of_a_log_is_obeyed(text: str) -> None:
    """Names, messages and frames of a log are safe to print, whatever they hold."""
    failure = explain(logged(f"KeyError: '{text}'"), exit_status=1)

    assert failure is not None
    shown = [failure.cause, failure.evidence, *(frame.file for frame in failure.frames)]
    assert all(character.isprintable() for line in shown for character in line)
    assert all(line.isprintable() for line in failure.traceback.splitlines())


@pytest.mark.parametrize("word", ["x", "a.", "`", "a_", "jinja2.exceptions."])
def test_a_line_without_end(word: str) -> None:
    """A message of one long word, which a pattern could try from each of its letters, is told."""
    failure = explain(logged(f"ValueError: {word * (60_000 // len(word))}"), exit_status=1)

    assert failure is not None
    assert len(failure.cause) < 1000


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*TRACEBACK.splitlines(), "", "x: y", "Traceback"]), max_size=30))
def test_any_order_of_lines(lines: list[str]) -> None:
    """A log cut or mixed anywhere is explained or not, and never ends in an error."""
    failure = explain("\n".join(lines), exit_status=1)

    assert failure is not None
    assert isinstance(failure.to_json()["cause"], str)


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    """Of a log of any size the end is read, and its lines are counted from the start."""
    file = tmp_path / "log"
    noise = "x" * 99 + "\n"
    lines = READ_BYTES // 80
    file.write_text(noise * lines + logged("E: at the end"), "utf-8")

    failure = explain(file, exit_status=1)

    assert failure is not None
    assert (failure.cause, failure.log_line) == ("E: at the end", lines + 3)


def test_every_rule_can_be_told() -> None:
    """A cause, a fix and the keys name only groups that the pattern has."""
    for rule in RULES:
        groups = dict.fromkeys(rule.pattern.groupindex, "x")
        told = [text.format(**groups) for text in (rule.cause, rule.fix, *rule.keys)]
        assert all(told)


DOCS = ROOT / "docs" / "failures.md"


def test_every_code_is_documented_once() -> None:
    """The page's table has the codes of the rules, of ends and of refused configs."""
    listed = re.findall(r"^\| (F-[A-Z0-9-]+) \|", DOCS.read_text("utf-8"), flags=re.MULTILINE)
    signals = {"F-KILLED", "F-CRASHED", "F-SIGNAL", ends.DIED.code}
    metrics = {"F-LOSS-NAN", "F-GRADIENT-NAN", ends.NO_STEPS}

    assert sorted(listed) == sorted({rule.code for rule in RULES} | signals | metrics | {CODE})

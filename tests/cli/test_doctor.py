"""`doctor` reads a machine without importing what it looks at, and names what mends it."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.__main__ import main
from inspect_tool.report.look import Look
from inspect_tool.report.machine import machine_text
from inspect_tool.runs.doctor.diagnose import problems
from inspect_tool.runs.doctor.machine import PACKAGES, Cache, Gpu, Machine, examine
from inspect_tool.runs.doctor.requirements import unmet
from tests.processes import run
from tests.schemas import schema

if TYPE_CHECKING:
    from collections.abc import Callable

WELL = Machine(
    python="3.11.7",
    system="Linux",
    versions=dict.fromkeys(PACKAGES, "1.0"),
    gpus=(Gpu("H100", 81559, "550.1"),),
    torch_cuda="13.0",
    caches=(Cache("hub", Path("/cache"), exists=True, free=10**12),),
    settings={},
    accelerate_config=None,
    unmet=(),
)
"""A machine that lacks nothing."""

SMI = """#!/bin/sh
echo "NVIDIA H100, 80GB HBM3, 81559, 550.54.15"
echo "[Unknown Error]"
"""


def codes(machine: Machine) -> list[str]:
    """Return the codes of what is wrong."""
    return [finding.code for finding in problems(machine)]


def test_json_holds_to_the_schema() -> None:
    """One document on stdout, valid by docs/schemas/doctor.json."""
    answer = run("doctor", "--json")

    Draft202012Validator(schema("doctor")).validate(json.loads(answer.stdout))
    assert answer.returncode in {0, 1}


def test_text_names_versions(capsys: pytest.CaptureFixture[str]) -> None:
    """The versions that a bug report needs are there."""
    main(["doctor"])

    text = capsys.readouterr().out
    assert all(package in text for package in PACKAGES)


def test_a_machine_that_lacks_nothing() -> None:
    """No finding where all is well."""
    assert codes(WELL) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda m: replace(m, versions={**m.versions, "axolotl": None}), "P-NO-AXOLOTL"),
        (lambda m: replace(m, unmet=("a==1 (b 2 needs it)",)), "P-VERSIONS"),
        (lambda m: replace(m, torch_cuda=None), "P-TORCH-CPU"),
        (lambda m: replace(m, gpus=()), "P-NO-GPU"),
        (lambda m: replace(m, caches=(replace(m.caches[0], free=10**9),)), "P-DISK"),
        (lambda m: replace(m, accelerate_config=Path("/x/default_config.yaml")), "P-STALE-ACCEL"),
    ],
)
def test_each_problem_is_found(change: Callable[[Machine], Machine], code: str) -> None:
    """One thing wrong gives one finding, with what mends it."""
    findings = problems(change(WELL))

    assert [finding.code for finding in findings] == [code]
    assert findings[0].fix


def test_no_torch_is_no_torch_for_the_cpu() -> None:
    """Where torch is not installed nothing is said about its build."""
    bare = replace(WELL, versions={**WELL.versions, "torch": None}, torch_cuda=None)

    assert codes(bare) == []


def test_gpus_come_from_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nvidia-smi's answer is read, commas in names and broken lines included."""
    program = tmp_path / "nvidia-smi"
    program.write_text(SMI)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert examine().gpus == (Gpu("NVIDIA H100, 80GB HBM3", 81559, "550.54.15"),)


def test_a_broken_driver_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nvidia-smi that fails leaves no GPU and no error."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert examine().gpus == ()


def test_unmet_requirements_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose requirements are not installed as it asks says so."""
    folder = tmp_path / "demo-1.0.dist-info"
    folder.mkdir()
    needs = "pyarrow>=9999", "no-such-package", "numpy", "rich>=1; python_version<'3'"
    lines = "".join(f"Requires-Dist: {need}\n" for need in needs)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n{lines}")
    monkeypatch.syspath_prepend(tmp_path)

    found = list(unmet("demo", "not-installed"))

    assert [line.split()[0] for line in found] == ["pyarrow>=9999", "no-such-package"]
    assert "it is not installed" in found[1]


def test_text_is_safe() -> None:
    """A variable's value or a GPU's name cannot write to the terminal."""
    hostile = replace(
        WELL,
        settings={"TERM": "x\x1b]0;t\x07\ny"},
        gpus=(Gpu("\x1b[31m", 1, "\u202e"),),
        unmet=("a\x1b[2J==1 (x)",),
    )

    text = machine_text(hostile, problems(hostile), Look())

    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert machine_text(hostile, [], Look(unicode=False)).isascii()

"""The schema of axolotl's YAML: from axolotl's own class, and true of what axolotl takes."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from jsonschema import Draft202012Validator

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.editor.schema import file_name, is_ours, read_schema
from tests.axolotl_runs import RECIPES, ROOT


def test_its_name_is_a_path_for_the_extension() -> None:
    """Word characters and one dot: what every release of the YAML extension knows as a path."""
    name = file_name()

    assert name is None or re.fullmatch(r"[\w-]*\.[\w-]+", name)
    assert name is None or is_ours(f"./.vscode/{name}")


@pytest.mark.slow
def test_it_is_that_of_the_installed_axolotl() -> None:
    """What this repository keeps is what axolotl says now; it takes every recipe, and no slip."""
    name = file_name()
    assert name is not None
    with AxolotlWorker() as worker:
        text = read_schema(worker)

    schema = json.loads(text)
    assert json.loads((ROOT / ".vscode" / name).read_text("utf-8")) == schema
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for recipe in RECIPES.glob("*.yml"):
        assert not list(validator.iter_errors(yaml.safe_load(recipe.read_text("utf-8")))), recipe
    assert list(validator.iter_errors({"base_model": "m", "learning_rate": 1, "sequence_len": "a"}))
    assert len(schema["properties"]) > 300

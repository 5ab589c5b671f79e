"""resolve: what a path means, at once, by names and columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.folders import FolderState
from inspect_tool.runs.target import Status, TargetKind, resolve
from tests.runs.folders import NOW, PACKED, PREFERENCE, config, digest, prepared, tokenizer

if TYPE_CHECKING:
    from inspect_tool.runs.target import Target

ROOT = Path(__file__).resolve().parent.parent.parent
A, B, C = map(digest, "abc")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is not the current directory."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder


def configs(target: Target) -> list[str]:
    """Return the names of the candidates, likeliest first."""
    return [candidate.config.path.name for candidate in target.candidates]


def test_a_prepared_folder_finds_the_config_beside_it(project: Path) -> None:
    """The YAML whose dataset_prepared_path leads to the folder is assumed."""
    config(project / "train.yml", "dataset_prepared_path: prepared")
    folder = prepared(project / "prepared", A)

    target = resolve(folder)

    assert (target.kind, target.status) == (TargetKind.DATASET, Status.ASSUMED)
    assert target.config is not None
    assert (target.config.path, target.cwd) == (project / "train.yml", project)
    assert target.message == "train.yml leads here (assumed)"


@pytest.mark.parametrize("written", ["prepared", "./prepared/", "'prepared'", "{}/prepared"])
def test_any_spelling_of_the_path_leads_there(project: Path, written: str) -> None:
    """Relative, quoted and absolute spellings of the folder are recognised."""
    config(project / "c.yml", f"dataset_prepared_path: {written.format(project)}")

    assert configs(resolve(prepared(project / "prepared", A))) == ["c.yml"]


def test_a_config_in_a_subfolder_leads_from_the_projects_root(project: Path) -> None:
    """Paths may start above the config, as with `axolotl preprocess recipes/x.yml`."""
    config(project / "recipes" / "deep" / "c.yml", "dataset_prepared_path: prepared/c")
    folder = prepared(project / "prepared" / "c", A)

    target = resolve(folder)

    assert (configs(target), target.cwd) == (["c.yml"], project)


def test_axolotls_default_folder_is_known(project: Path) -> None:
    """A config without dataset_prepared_path leads to last_run_prepared."""
    config(project / "c.yml")

    assert configs(resolve(prepared(project / "last_run_prepared", A))) == ["c.yml"]


def test_the_current_directory_is_a_start_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A config's paths may start from where the command runs."""
    path = config(project / "configs" / "c.yml", "dataset_prepared_path: out")
    away = project.parent / "away"
    folder = prepared(away / "out", A)
    monkeypatch.chdir(away)

    target = resolve(folder, config=path)

    assert (configs(target), target.cwd) == (["c.yml"], away)


def test_a_symbolic_link_leads_there(project: Path) -> None:
    """A prepared path that is a link to the folder counts."""
    folder = prepared(project.parent / "disk" / "prepared", A)
    (project / "prepared").symlink_to(folder.parent)
    config(project / "c.yml", "dataset_prepared_path: prepared")

    assert configs(resolve(project / "prepared" / A)) == ["c.yml"]


def test_other_folders_configs_are_not_candidates(project: Path) -> None:
    """A config that prepares elsewhere is none."""
    config(project / "other.yml", "dataset_prepared_path: elsewhere/prepared")
    config(project / "broken.yml", "dataset_prepared_path: prepared", "- broken")

    target = resolve(prepared(project / "prepared", A))

    assert (target.status, target.config, configs(target)) == (Status.UNKNOWN, None, [])
    assert "--config" in target.fix


def test_several_candidates_are_a_choice(project: Path) -> None:
    """All configs that lead to the folder are kept, and the message counts them."""
    for name in ("a.yml", "b.yml", "c.yml"):
        config(project / name)

    target = resolve(prepared(project / "last_run_prepared", A))

    assert configs(target) == ["a.yml", "b.yml", "c.yml"]
    assert target.message == "a.yml leads here (assumed); so do 2 others"


@pytest.mark.parametrize(
    ("columns", "likeliest"),
    [(PACKED, "packed.yml"), (PREFERENCE, "dpo.yml"), (("input_ids", "labels"), "plain.yml")],
)
def test_the_columns_tell_which_is_likeliest(
    project: Path, columns: tuple[str, ...], likeliest: str
) -> None:
    """A packing config gives position_ids, a preference config no tokens."""
    config(project / "dpo.yml", "rl: dpo")
    config(project / "packed.yml", "sample_packing: true")
    config(project / "plain.yml")

    target = resolve(prepared(project / "last_run_prepared", A, columns=columns))

    assert configs(target)[0] == likeliest


def test_a_config_edited_later_is_less_likely(project: Path) -> None:
    """What was changed after the folder was written comes after what was not."""
    config(project / "a.yml", at=NOW + 100)
    config(project / "b.yml", at=NOW - 100)

    assert configs(resolve(prepared(project / "last_run_prepared", A)))[0] == "b.yml"


def test_the_folder_above_opens_its_newest(project: Path) -> None:
    """A folder of prepared folders opens the newest complete one and lists all."""
    root = project / "last_run_prepared"
    prepared(root, A, at=NOW)
    prepared(root, B, at=NOW + 10)
    prepared(root, C, at=NOW + 20, complete=False)

    target = resolve(root)

    assert target.kind is TargetKind.PREPARED_ROOT
    assert [folder.path.name for folder in target.datasets] == [B, A, C]
    assert target.dataset is target.datasets[0]


def test_training_rows_come_before_test_rows(project: Path) -> None:
    """Axolotl writes test_datasets last, so with them the newest folder is not the one to open."""
    config(project / "c.yml", "test_datasets:", "  - path: t.jsonl", "    type: alpaca")
    root = project / "last_run_prepared"
    prepared(root, A, at=NOW)
    prepared(root, B, at=NOW + 1)

    assert [resolve(path).dataset.path.name for path in (root, project / "c.yml")] == [A, A]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["state.json", "data-00000-of-00001.arrow", "dataset_info.json"])
def test_a_file_inside_means_its_folder(project: Path, name: str) -> None:
    """Naming a file of a prepared folder opens the folder."""
    folder = prepared(project / "last_run_prepared", A)

    target = resolve(folder / name)

    assert (target.kind, target.dataset and target.dataset.path) == (TargetKind.DATASET, folder)


def test_an_unfinished_folder_says_so(project: Path) -> None:
    """A folder without state.json is told as incomplete, with the way out."""
    target = resolve(prepared(project / "last_run_prepared", A, complete=False))

    assert target.dataset is not None
    assert target.dataset.state is FolderState.INCOMPLETE
    assert target.message.startswith(f"{A} is incomplete")
    assert "preprocess" in target.fix


def test_a_config_opens_its_likeliest_folder(project: Path) -> None:
    """A YAML opens the newest complete folder that has the columns it gives."""
    path = config(project / "c.yml")
    root = project / "last_run_prepared"
    prepared(root, A, at=NOW)
    prepared(root, B, at=NOW + 10, columns=PREFERENCE)
    prepared(root, C, at=NOW + 20, complete=False)

    target = resolve(path)

    assert (target.kind, target.status) == (TargetKind.CONFIG, Status.ASSUMED)
    assert [folder.path.name for folder in target.datasets] == [A, B, C]


def test_our_own_prepared_folder_is_looked_at(project: Path) -> None:
    """A config also finds what this tool prepared for it, and that folder finds the config."""
    path = config(project / "sub" / "c.yml")
    folder = prepared(project / ".inspect" / "prepared" / "c", A)

    assert [item.path for item in resolve(path).datasets] == [folder]
    assert configs(resolve(folder)) == ["c.yml"]


def test_a_config_without_a_folder_says_how_to_prepare(project: Path) -> None:
    """A YAML that was not prepared is a target of its own, with the command as a fix."""
    path = config(project / "c.yml")

    target = resolve(path)

    assert (target.status, target.dataset) == (Status.UNPREPARED, None)
    assert target.fix == f"prepare it: inspect-tool prepare {path}"


def test_a_config_that_stores_nothing_says_which_key(project: Path) -> None:
    """With pretraining_dataset there is nothing to open, and the message says why."""
    target = resolve(config(project / "c.yml", "pretraining_dataset: corpus"))

    assert target.message == "c.yml sets pretraining_dataset: axolotl stores nothing for it"


def test_relative_paths_start_where_the_files_are(project: Path) -> None:
    """Of the folders that a config's paths may start from, the one with its data is taken."""
    path = config(project / "configs" / "c.yml")
    (project / "data.jsonl").touch()

    assert resolve(path).cwd == project


def test_the_config_flag_wins(project: Path) -> None:
    """--config puts another config in place of the assumed one."""
    config(project / "near.yml")
    given = config(project.parent / "given" / "c.yml")

    target = resolve(prepared(project / "last_run_prepared", A), config=given)

    assert target.config is not None
    assert (target.config.path, target.status) == (given, Status.ASSUMED)


def test_a_run_folder_shows_its_config_and_rows(project: Path) -> None:
    """A folder in .inspect/runs opens what the run prepared, with the run's own config."""
    run = project / ".inspect" / "runs" / "first"
    config(run / "config.yml")
    folder = prepared(run / "prepared", A)

    target = resolve(run)

    assert (target.kind, target.dataset and target.dataset.path) == (TargetKind.RUN, folder)


def test_a_directory_is_to_be_explored(project: Path) -> None:
    """Any other folder opens nothing by itself."""
    assert resolve(project).kind is TargetKind.DIRECTORY


def test_nothing_means_the_current_directory(project: Path) -> None:
    """Without a path the current directory is meant."""
    assert resolve().path == project.parent / "elsewhere"


def test_a_path_that_is_not_there_suggests_one_that_is(project: Path) -> None:
    """A typing error is answered with the nearest name."""
    config(project / "train.yml")

    with pytest.raises(InspectError, match=r"no such file or folder \(did you mean .*train\.yml\?"):
        resolve(project / "trian.yml")


def test_a_link_to_nothing_is_told(project: Path) -> None:
    """A link is there, what it names is not."""
    (project / "gone").symlink_to(project / "nowhere")

    with pytest.raises(InspectError, match="a link that leads nowhere"):
        resolve(project / "gone")


def test_raw_data_is_told_from_prepared(project: Path) -> None:
    """A JSONL is an error that asks for the YAML."""
    (project / "data.jsonl").touch()

    with pytest.raises(InspectError, match=r"raw data.*YAML"):
        resolve(project / "data.jsonl")


def test_a_broken_config_is_told(project: Path) -> None:
    """A YAML that was named is an error with its line."""
    (project / "c.yml").write_text("base_model: m\ndatasets:\n\t- path: d\n")

    with pytest.raises(InspectError, match=r"c\.yml:3: a tab"):
        resolve(project / "c.yml")


def test_the_tokenizer_is_found_through_the_config(project: Path) -> None:
    """base_model, a folder relative to the project, gives the tokenizer and where it came from."""
    folder = tokenizer(project / "models" / "m")
    path = project / "c.yml"
    path.write_text("base_model: models/m\ndatasets:\n  - path: d\n")

    target = resolve(path)

    assert target.tokenizer is not None
    assert (target.tokenizer.folder, target.tokenizer.place) == (folder, f"{path}:1")


def test_the_tokenizer_flag_wins(project: Path) -> None:
    """--tokenizer puts another tokenizer in place of the config's, relative to where one is."""
    folder = tokenizer(project.parent / "elsewhere" / "t")
    path = config(project / "c.yml")

    target = resolve(path, tokenizer="t")

    assert target.tokenizer is not None
    assert (target.tokenizer.folder, target.tokenizer.from_flag) == (folder, True)


def test_a_big_project_is_searched_within_bounds(project: Path) -> None:
    """Thousands of files around a prepared folder do not stop the first screen."""
    config(project / "c.yml")
    for number in range(5000):
        (project / "last_run_prepared" / "x").mkdir(parents=True, exist_ok=True)
        (project / "last_run_prepared" / "x" / f"{number}.txt").touch()

    assert configs(resolve(prepared(project / "last_run_prepared", A))) == ["c.yml"]


def test_resolving_loads_nothing_heavy(project: Path) -> None:
    """The first screen's question costs no import of arrow, numpy, transformers or a pool."""
    config(project / "c.yml")
    folder = prepared(project / "last_run_prepared", A)
    code = (
        "import sys; from inspect_tool.runs.target import resolve; resolve(sys.argv[1]);"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'transformers',"
        "'axolotl', 'datasets', 'numpy', 'pyarrow', 'textual', 'multiprocessing', 'tokenizers'}))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.split() == []

"""What the axolotl worker does: plain functions that ask axolotl and return small frozen values.

Heavy imports are inside the functions, which run in the worker only. Each leaves the worker as it
found it: current directory, environment, plugins and axolotl's debug log. Nothing of the user's is
written: axolotl's ``output_dir`` becomes a temporary folder. No code from the config runs: plugins
that are not axolotl's own and ``trust_remote_code`` are left out, and the result says so.
"""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import DEFAULT_PREPARED_PATH, Config
from inspect_tool.tokenizer_json import tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEVICE_KEYS = (
    "deepspeed",
    "fsdp",
    "fsdp_config",
    "fsdp_version",
    "bf16",
    "bfloat16",
    "fp16",
    "fp8",
    "fp8_enable_fsdp_float8_all_gather",
    "tf32",
    "adapter",
    "load_in_8bit",
    "load_in_4bit",
    "quantize_moe_experts",
    "flash_attention",
    "xformers_attention",
    "attn_implementation",
    "torch_compile",
    "tiled_mlp",
    "context_parallel_size",
    "tensor_parallel_size",
    "lora_mlp_kernel",
    "lora_qkv_kernel",
    "lora_o_kernel",
    "optimizer",
    "use_ray",
)
"""Keys that say how to train and may need hardware that is not here; none of them enters the hash
(utils/data/shared.py, DATASET_HASH_CONFIG_EXTRA_FIELDS)."""

CODE_KEYS = ("plugins", "trust_remote_code")
"""Keys that name code to run."""

BASE_MODEL = "the base model's config.json"
"""Said of what was left out when it is not on this machine."""

HUB = "huggingface.co"
"""What an error says that comes of a file that could not be fetched."""

PACKAGES = ("axolotl", "transformers", "tokenizers", "datasets", "torch")
ROLES = ("bos", "eos", "pad", "unk")


class AxolotlRefusedError(InspectError):
    """Axolotl does not accept the config, or cannot load what it names; its own words."""


@dataclass(frozen=True)
class PreparedIdentity:
    """What axolotl makes of a config's datasets.

    ``train_hash`` and ``test_hash`` are the names of the prepared folders of ``datasets`` and
    ``test_datasets`` inside ``prepared_path`` (as written, or axolotl's default). ``left_out``
    lists what of the config was not looked at; a hash that differs then proves nothing, one that
    agrees still does.
    """

    config: Path
    train_hash: str | None
    test_hash: str | None
    prepared_path: str
    tokenizer_name: str
    kinds: tuple[str, ...]
    """The type of each dataset; ``user-defined`` for a mapping."""
    rl: str | None
    val_set_size: float
    seed: int | None
    sequence_len: int
    sample_packing: bool
    versions: Mapping[str, str]
    left_out: tuple[str, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """The names of all folders that axolotl would prepare."""
        return tuple(name for name in (self.train_hash, self.test_hash) if name)


@dataclass(frozen=True)
class TokenizerFile:
    """A tokenizer as axolotl uses it.

    ``json`` is the text of its tokenizer.json; ``special_ids`` ascending; ``roles`` maps ``eos``,
    ``bos``, ``pad``, ``unk`` to the token's text and ``role_ids`` to its id, those that are set.
    """

    name_or_path: str
    json: str
    special_ids: tuple[int, ...]
    roles: Mapping[str, str]
    role_ids: Mapping[str, int]
    versions: Mapping[str, str]


def identify(config: Path, cwd: Path) -> PreparedIdentity:
    """Compute axolotl's own hashes for a config whose relative paths start from ``cwd``.

    Raises AxolotlRefusedError where axolotl's validation does, even without the keys that need
    this machine's hardware or the base model's config.json.
    """
    with axolotl_at(cwd, offline=True) as scratch:
        from axolotl.utils.data.shared import generate_dataset_hash_from_config

        cfg, left_out = load_config(config, scratch)
        hashes = [
            generate_dataset_hash_from_config(cfg, entries, cfg.tokenizer_config)
            if entries
            else None
            for entries in (cfg.datasets, cfg.test_datasets)
        ]
        return PreparedIdentity(
            config=config,
            train_hash=hashes[0],
            test_hash=hashes[1],
            prepared_path=str(cfg.dataset_prepared_path or DEFAULT_PREPARED_PATH),
            tokenizer_name=str(cfg.tokenizer_config),
            kinds=tuple(_kind(entry) for entry in cfg.datasets or ()),
            rl=str(getattr(cfg.rl, "value", cfg.rl)) if cfg.rl else None,
            val_set_size=float(cfg.val_set_size or 0),
            seed=None if cfg.seed is None else int(cfg.seed),
            sequence_len=int(cfg.sequence_len or 0),
            sample_packing=bool(cfg.sample_packing),
            versions=versions(),
            left_out=left_out,
        )


def tokenizer_file(config: Path, cwd: Path) -> TokenizerFile:
    """Load a config's tokenizer with axolotl, added and special tokens applied.

    What is on this machine is taken as it is; only what is missing is fetched, when online.
    Raises AxolotlRefusedError with axolotl's reason where it cannot.
    """
    return _offline_first(partial(_tokenizer_of_config, config, cwd))


def tokenizer_file_for_name(
    name: str, cwd: Path | None = None, revision: str | None = None
) -> TokenizerFile:
    """Load a tokenizer by folder (from ``cwd``) or Hub name with transformers."""
    return _offline_first(partial(_tokenizer_of_name, name, cwd or Path.cwd(), revision))


def _offline_first(load: Callable[..., TokenizerFile]) -> TokenizerFile:
    import huggingface_hub.constants as hub

    try:
        return load(offline=True)
    except InspectError:
        if hub.HF_HUB_OFFLINE:
            raise
    return load(offline=False)


def _tokenizer_of_config(config: Path, cwd: Path, *, offline: bool) -> TokenizerFile:
    with axolotl_at(cwd, offline=offline) as scratch:
        from axolotl.loaders import load_tokenizer

        cfg, left_out = load_config(config, scratch)
        if BASE_MODEL in left_out:
            cfg.base_model_config = plain_model(scratch)
        try:
            tokenizer = load_tokenizer(cfg)
        except Exception as error:
            raise refused(error, config) from error
        return _as_file(tokenizer)


def plain_model(scratch: Path) -> str:
    """Stand in for a base model whose config.json is not here.

    load_tokenizer asks it only for the names of the embedding layers, with which it checks
    ``lora_modules_to_save``.
    """
    (scratch / "config.json").write_text('{"model_type": "llama"}')
    return str(scratch)


def _tokenizer_of_name(
    name: str, cwd: Path, revision: str | None, *, offline: bool
) -> TokenizerFile:
    from transformers import AutoTokenizer

    with _process_at(cwd, offline=offline):
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                name, revision=revision or "main", trust_remote_code=False
            )
        except Exception as error:
            raise InspectError(
                f"tokenizer {name} cannot be loaded: {first_line(error)}",
                fix="name a tokenizer folder with --tokenizer",
            ) from error
        return _as_file(tokenizer)


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what is stored; absent ones are left out."""
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line: pydantic's findings joined, hints and URLs cut."""
    if hasattr(error, "errors") and callable(error.errors):
        with suppress(Exception):
            said = [_pydantic_line(item) for item in error.errors(include_url=False)]
            return "; ".join(said)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    return first.partition(". If you were trying to load it from")[0][:400]


def _pydantic_line(item: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    said = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def refused(error: Exception, config: Path) -> AxolotlRefusedError:
    """Say in axolotl's own words why it does not take a config, and what is not there.

    To be called where relative paths of the config start from.
    """
    said = first_line(error)
    return AxolotlRefusedError(
        f"axolotl refuses it: {said}", place=config, fix=_missing(Config.read(config), said)
    )


def _missing(config: Config, said: str) -> str | None:
    """Tell that a model or tokenizer is not on this machine, where that is what was said."""
    name = config.tokenizer_name
    path = Path(name).expanduser()
    if name not in said and HUB not in said:
        return None
    if path.is_absolute() or name.startswith(".") or len(path.parts) > 2:
        here = "" if path.is_absolute() else f" in {Path.cwd()}"
        return None if path.exists() else f"{config.tokenizer_key}: there is no {name}{here}"
    if HUB in said:
        return (
            f"{config.tokenizer_key}: {name} is not on this machine; fetch it while online "
            f"(hf download {name}), or name a folder"
        )
    return None


def _written(config: Path, scratch: Path) -> tuple[Any, tuple[str, ...]]:
    """Return the config as axolotl's own mapping, made harmless, and what was left out of it."""
    from axolotl.utils.dict import DictDefault

    values = dict(Config.read(config).values)
    plugins = [name for name in values.get("plugins") or [] if str(name).startswith("axolotl.")]
    left_out = tuple(key for key in CODE_KEYS if values.get(key) and values.get(key) != plugins)
    values.update(output_dir=str(scratch / "out"), plugins=plugins or None)
    values.pop("trust_remote_code", None)
    return DictDefault(values), left_out


def _without(raw: Any, keys: tuple[str, ...]) -> Any:
    from axolotl.utils.dict import DictDefault

    return DictDefault({key: value for key, value in raw.items() if key not in keys})


def load_config(config: Path, scratch: Path) -> tuple[Any, tuple[str, ...]]:
    """Return axolotl's validated config, and what was left out for it to be accepted here.

    First as written; then without what needs hardware; then without the base model's config.json,
    which validation does not need and the hash does not know.
    """
    from axolotl.cli.config import load_cfg

    raw, left_out = _written(config, scratch)
    try:
        return load_cfg(_copy(raw), is_preprocess=True), left_out
    except Exception as error:
        first_error = error
    dropped = tuple(key for key in DEVICE_KEYS if raw.get(key) is not None)
    lighter = _without(raw, DEVICE_KEYS)
    attempts: tuple[tuple[Callable[[], Any], tuple[str, ...]], ...] = (
        (lambda: load_cfg(_copy(lighter), is_preprocess=True), dropped),
        (lambda: _validated(_copy(raw)), (BASE_MODEL,)),
        (lambda: _validated(_copy(lighter)), (*dropped, BASE_MODEL)),
    )
    for load, without in attempts[0 if dropped else 1 :]:
        with suppress(Exception):
            return load(), (*left_out, *without)
    raise refused(first_error, config) from first_error


def _validated(raw: Any) -> Any:
    """Validate as ``load_cfg`` does (cli/config.py), short of reading the base model's config."""
    from axolotl.cli.config import gpu_capabilities, prepare_plugins
    from axolotl.utils.config import normalize_cfg_datasets, validate_config

    raw.is_preprocess = True
    prepare_plugins(raw)
    capabilities, env_capabilities = gpu_capabilities()
    cfg = validate_config(raw, capabilities=capabilities, env_capabilities=env_capabilities)
    cfg.tokenizer_config = cfg.tokenizer_config or cfg.base_model_config or cfg.base_model
    normalize_cfg_datasets(cfg)
    return cfg


def _copy(raw: Any) -> Any:
    from axolotl.utils.dict import DictDefault

    return DictDefault(copy.deepcopy(raw.to_dict()))


def _kind(entry: Any) -> str:
    written = entry.get("type")
    return str(written) if isinstance(written, str) or written is None else "user-defined"


def _as_file(tokenizer: Any) -> TokenizerFile:
    roles = {role: getattr(tokenizer, f"{role}_token", None) for role in ROLES}
    ids = {role: getattr(tokenizer, f"{role}_token_id", None) for role in ROLES}
    return TokenizerFile(
        name_or_path=str(tokenizer.name_or_path),
        json=tokenizer_json(tokenizer),
        special_ids=tuple(sorted(int(item) for item in tokenizer.all_special_ids)),
        roles={role: str(token) for role, token in roles.items() if token is not None},
        role_ids={role: int(item) for role, item in ids.items() if item is not None},
        versions=versions(),
    )


@contextmanager
def axolotl_at(cwd: Path, *, offline: bool) -> Iterator[Path]:
    """Work from ``cwd`` with a scratch folder; plugins and the debug log are put back too."""
    from axolotl.integrations.base import PluginManager
    from axolotl.utils.tee import close_debug_log

    with _process_at(cwd, offline=offline) as scratch:
        try:
            yield scratch
        finally:
            PluginManager.get_instance().plugins.clear()
            close_debug_log()


@contextmanager
def _process_at(cwd: Path, *, offline: bool) -> Iterator[Path]:
    """Work from ``cwd`` with a scratch folder, and put the process's globals back.

    ``offline`` forbids the Hub library every request, whatever the environment says.
    """
    import huggingface_hub.constants as hub

    before_cwd, before_env, before_path = Path.cwd(), dict(os.environ), list(sys.path)
    before_temp, before_offline = tempfile.tempdir, hub.HF_HUB_OFFLINE
    with tempfile.TemporaryDirectory(prefix="inspect-tool-") as scratch:
        try:
            os.chdir(cwd)
            tempfile.tempdir = scratch
            hub.HF_HUB_OFFLINE = offline or before_offline
            yield Path(scratch)
        finally:
            os.chdir(before_cwd)
            tempfile.tempdir = before_temp
            hub.HF_HUB_OFFLINE = before_offline
            sys.path[:] = before_path
            os.environ.clear()
            os.environ.update(before_env)

"""The config as text for the page, line by line; what unlocks something is left out.

A report is made to be passed on, and a config may hold a key of the Hub or of a tracker.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from inspect_tool.runs.config import Config

HIDDEN: Final = "«value left out»"

_SECRET_KEY: Final = re.compile(
    r"""^(?P<kept>[\s-]*["']?\w*(?:api_?key|password|passwd|secret|credentials?|auth_token|
    access_token|hf_token|hub_token|private_key)["']?\s*:\s*)(?P<value>[^\s#].*)$""",
    re.IGNORECASE | re.VERBOSE,
)
_SECRET_VALUE: Final = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|"
    r"AKIA[A-Z0-9]{16})\b|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)
_HARMLESS: Final = {"true", "false", "null", "~", "yes", "no"}


def config_lines(config: Config) -> list[str]:
    """Return the config's lines, line ``n`` of the file at ``n - 1``; raises InspectError."""
    try:
        text = config.path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise InspectError(error.strerror or str(error), place=config.path) from error
    return [_without_secrets(line) for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def line_of_key(config: Config, key: str) -> int | None:
    """Return the line of a finding's key; of the first dataset, or the list, if it names none."""
    section, _, rest = key.partition(".")
    return config.line_of(key) or config.line_of(f"{section}.0.{rest}") or config.line_of(section)


def _without_secrets(line: str) -> str:
    match = _SECRET_KEY.match(line)
    if match and match["value"].strip().lower() not in _HARMLESS:
        return f"{match['kept']}{HIDDEN}"
    return _SECRET_VALUE.sub(HIDDEN, line)

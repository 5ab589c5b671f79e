"""Completes paths in the prompt line, as a shell does."""

from __future__ import annotations

from pathlib import Path

from textual.suggester import Suggester


class PathSuggester(Suggester):
    """Suggests the first file or folder that what is typed may be the beginning of."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed path, a folder with its slash."""
        head, slash, stem = value.rpartition("/")
        if not value or value == "~":
            return None
        try:
            folder = Path(head + slash).expanduser()
            names = sorted(
                path.name + ("/" if path.is_dir() else "")
                for path in folder.iterdir()
                if path.name.startswith(stem) and (stem or not path.name.startswith("."))
            )
        except (OSError, RuntimeError):
            return None
        return f"{head}{slash}{names[0]}" if names else None

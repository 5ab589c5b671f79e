"""Thin commands: each parses, calls the core and prints; none decides anything."""

COMMANDS = (
    "open",
    "show",
    "why",
    "ledger",
    "diff",
    "check",
    "report",
    "serve",
    "prepare",
    "debug",
    "sanity",
    "clean",
    "vscode",
    "memory",
    "scale",
    "hang",
    "doctor",
    "version",
)
"""What a first argument may be besides a path, known before typer is imported."""

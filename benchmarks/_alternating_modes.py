"""What `benchmarks.recorder` and the plugin in its run both know; nothing heavy is imported."""

MODES = ("alone", "watched", "recorded")
TIMES = "INSPECT_TOOL_BENCH_TIMES"
"""The variable that names the file for the times."""

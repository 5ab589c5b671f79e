"""``inspect-tool doctor``: what is installed, what is missing and the command that fixes it."""

from inspect_tool.cli.options import JsonFlag

HELP = """Say what this machine has, and the command for what it lacks.

Versions, GPUs, caches and settings, read without importing or changing anything. Exits with 1
when something is wrong, with 0 when all is well or only worth knowing.

\b
Examples:
  inspect-tool doctor
  inspect-tool doctor --json | jq .versions
"""


def doctor(*, as_json: JsonFlag = False) -> int:
    """Print what was found as text or as one JSON document."""
    import json
    import sys

    from inspect_tool.errors import ExitCode
    from inspect_tool.report.look import look_of
    from inspect_tool.report.machine import machine_text
    from inspect_tool.runs.doctor.diagnose import problems
    from inspect_tool.runs.doctor.machine import examine

    machine = examine()
    findings = problems(machine)
    if as_json:
        print(json.dumps(machine.to_json(findings), indent=2))
    else:
        sys.stdout.write(machine_text(machine, findings, look_of(sys.stdout)))
    wrong = any(finding.severity != "info" for finding in findings)
    return int(ExitCode.FINDINGS if wrong else ExitCode.OK)

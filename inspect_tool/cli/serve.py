"""``inspect-tool serve``: the app in a browser on this machine."""

from typing import Annotated

import typer

from inspect_tool.cli.options import ConfigOption, DatasetPath, TokenizerOption

HELP = """Show the app in a browser of this machine.

Prints a URL and serves until Ctrl-C. Only 127.0.0.1 is listened on, and the URL holds a secret:
whoever has it may read what you may read. From a browser nothing is started: no axolotl, no
training. For a machine that you reach by SSH, forward the port: ssh -L 8800:127.0.0.1:8800 HOST.

\b
Examples:
  inspect-tool serve qlora.yml
  inspect-tool serve last_run_prepared --port 8800
"""

Port = Annotated[
    int,
    typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one."),
]


def serve(
    *,
    path: DatasetPath = None,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
    port: Port = 0,
) -> int:
    """Serve the app until it is ended."""
    import sys
    from pathlib import Path

    from inspect_tool.cli.exits import say
    from inspect_tool.runs.target import resolve
    from inspect_tool.tui.served import AppServer

    asked = (path or Path.cwd()).absolute()
    resolve(asked, config=config, tokenizer=tokenizer)
    argv = [sys.executable, "-m", "inspect_tool", "open", str(asked)]
    argv += ["--config", str(config.absolute())] if config else []
    argv += ["--tokenizer", tokenizer] if tokenizer else []
    server = AppServer(tuple(argv), title=asked.name, port=port)
    print(server.url, flush=True)
    say("serving until Ctrl-C")
    server.run()
    return 0

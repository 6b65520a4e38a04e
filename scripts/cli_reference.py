"""Write docs/cli.md from the commands' own help texts.

Run it when an option changes: a test compares the page with the commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wakeful.cli import wakeful

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

_INTRODUCTION = """\
# Commands

What each command says with `--help`. A command that needs the data folder works whether or not a
server runs on it: through the server's socket, or on the store itself.
"""


def reference() -> str:
    """The text of the page."""
    parts = [_INTRODUCTION]
    for path, command in _commands(wakeful, ("wakeful",)):
        context = click.Context(
            command, info_name=" ".join(path), max_content_width=100, **wakeful.context_settings
        )
        # The width of no terminal.
        context.terminal_width = 100
        parts.append(f"## {' '.join(path)}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, (*path, name))


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")

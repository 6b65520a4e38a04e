"""The command line: the composition root, the only place that knows every part."""

from __future__ import annotations

import importlib
import sys

import click

from wakeful import __version__
from wakeful.cli.words import Commands

_COMMANDS = {
    "serve": "wakeful.cli.serve:serve",
    "tail": "wakeful.cli.tail:tail",
    "publish": "wakeful.cli.publish:publish",
    "enterprise": "wakeful.cli.people:enterprise",
    "user": "wakeful.cli.people:user",
    "app": "wakeful.cli.apps:app",
    "token": "wakeful.cli.tokens:token",
    "member": "wakeful.cli.namespaces:member",
    "namespace": "wakeful.cli.namespaces:namespace",
    "status": "wakeful.cli.status:status",
    "certs": "wakeful.cli.certs:certs",
    "backup": "wakeful.cli.keep:backup",
    "restore": "wakeful.cli.keep:restore",
    "epoch": "wakeful.cli.keep:epoch",
}


class _LazyGroup(Commands):
    """Imports a command when it is asked for: `wakeful tail` need not load the server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wakeful", message="%(prog)s %(version)s")
def wakeful() -> None:
    """A change feed for your files: every change, told the moment it happens.

    Begin with `wakeful serve --watch DIR`, then `wakeful tail` in another terminal.
    """


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code (2 for wrong usage)."""
    try:
        result = wakeful.main(args=argv, prog_name="wakeful", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        # The terminal shows ^C on this line; the prompt belongs on the next.
        print(file=sys.stderr)  # noqa: T201 - a line end for a terminal, no message
        return 130
    return result if isinstance(result, int) else 0

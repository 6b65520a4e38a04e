"""`wakeful backup`, `restore`, `epoch`: keeping a store, and putting one back."""

from __future__ import annotations

from pathlib import Path

import click

from wakeful.administration import Backup
from wakeful.cli.control import carry_out, data_option
from wakeful.stores import sqlite


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
def backup(file: Path, data: Path) -> None:
    """Write a consistent copy of the store to FILE.

    Whether the server runs or not.
    """
    record = carry_out(data, Backup(file=str(file.expanduser().absolute())))
    click.echo(f"Copied to {record.file}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
def restore(file: Path, data: Path) -> None:
    """Put the copy in FILE in place of the store.

    The server must not run. The restored store begins a new epoch: clients' old positions replay
    from the oldest event kept, and say so. The store that was there is kept aside.
    """
    try:
        aside = sqlite.restore(file, data.expanduser().absolute())
    except sqlite.FolderError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot restore: {error}") from None
    click.echo(f"Restored from {file}")
    if aside is not None:
        click.echo(f"The store that was there is kept as {aside}")


@click.command()
@click.option("--new", is_flag=True, required=True, help="Begin a new epoch.")
@data_option
def epoch(new: bool, data: Path) -> None:
    """Begin a new epoch, so that every old position replays.

    The server must not run. For a data folder that was put back as a whole, which the server
    cannot notice by itself.
    """
    data = data.expanduser().absolute()
    try:
        click.echo(f"Epoch {sqlite.new_epoch(data)}")
    except sqlite.FolderError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot begin an epoch: {error}") from None

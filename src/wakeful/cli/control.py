"""How a command reaches the data folder: through the running server, or by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx2
import msgspec
import platformdirs

from wakeful.access import open_access
from wakeful.administration import Administration, Operation, decode_result, encode_operation
from wakeful.cli.lines import NOT_UTF8
from wakeful.cli.listen import ListenError, socket_address
from wakeful.core.errors import WakefulError
from wakeful.stores.sqlite import FolderError, SqliteStore

CONTROL_SOCKET = "control.sock"
DATABASE = "wakeful.db"

_ANSWER_SECONDS = 600.0  # a backup of a large store takes its time

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def data_option(command: F) -> F:
    """The option `--data`."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="WAKEFUL_DATA",
        default=lambda: platformdirs.user_data_path("wakeful"),
        show_default="the platform's user data folder",
        help="The server's data folder.",
    )(command)


def carry_out(data: Path, operation: Operation[T]) -> T:
    """Let the server that runs on *data* carry out *operation*, or do it on the store itself.

    Raises ClickException with what went wrong.
    """
    data = data.expanduser().absolute()
    if not (data / DATABASE).exists():
        raise click.ClickException(
            f"there is no store in {data}: start `wakeful serve` once, or give --data"
        )
    try:
        return _through_server(data, operation)
    except _NoServer:
        pass
    except UnicodeEncodeError:
        raise click.ClickException(NOT_UTF8) from None
    try:
        return asyncio.run(_on_store(data, operation))
    except (WakefulError, FolderError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(cannot_use(data, error)) from None


def cannot_use(data: Path, error: OSError) -> str:
    """A sentence for people on why the data folder cannot be used."""
    where = f" ({error.filename})" if error.filename not in (None, str(data), data) else ""
    return f"cannot use {data} as the data folder: {error.strerror or error}{where}"


class _NoServer(Exception):
    """Nobody listens on the control socket."""


def _through_server(data: Path, operation: Operation[T]) -> T:
    path = data / CONTROL_SOCKET
    if not path.exists():
        raise _NoServer
    try:
        with (
            socket_address(path) as address,
            httpx2.Client(
                transport=httpx2.HTTPTransport(uds=address), timeout=_ANSWER_SECONDS
            ) as client,
        ):
            answer = client.post("http://wakeful/", content=encode_operation(operation))
    except (httpx2.ConnectError, ListenError):
        # A socket that a killed server left behind.
        raise _NoServer from None
    except httpx2.HTTPError as error:
        raise click.ClickException(f"the server did not answer: {error}") from None
    if answer.status_code != 200:
        raise click.ClickException(_message(answer))
    try:
        return decode_result(operation, answer.content)
    except msgspec.DecodeError:
        raise click.ClickException(
            "the server answered in the form of another version: restart it"
        ) from None


def _message(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status_code}"


async def _on_store(data: Path, operation: Operation[T]) -> T:
    store = await SqliteStore.open(data)
    try:
        access = await open_access(store)
        result = await Administration(store, access).carry_out(operation)
        # In the same form as it has when it comes from a server.
        return decode_result(operation, msgspec.json.encode(result))
    finally:
        await store.close()

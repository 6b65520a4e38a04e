"""How the client commands find a server and its token.

    URL     --url, WAKEFUL_URL, `url` in the data folder, http://127.0.0.1:8787
    trust   --ca, WAKEFUL_CA, the local authority in the data folder, the system's
    token   --token or --token-file, WAKEFUL_TOKEN or WAKEFUL_TOKEN_FILE, `token` in the data folder

The files in the data folder are those that a server on this machine writes there, so that on
the machine itself nothing has to be given. A flag wins over the environment: with `--data` the
environment's URL and token are not looked at, for they are those of another server.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import click
import platformdirs

DEFAULT_URL = "http://127.0.0.1:8787"
LOCAL_AUTHORITY = Path("tls", "ca.pem")
"""Where a server that listens with TLS keeps it, in its data folder."""

_MOST_BYTES = 4096  # a token file that is longer is another file

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given on the command line, None for what was not."""

    url: str | None = None
    token: str | None = None
    token_file: Path | None = None
    data: Path | None = None
    ca: Path | None = None

    def over(self, other: Flags) -> Flags:
        """These, completed by *other*."""
        mine = self if self.token or self.token_file else other
        return Flags(
            self.url or other.url,
            mine.token,
            mine.token_file,
            self.data or other.data,
            self.ca or other.ca,
        )


def options(command: F) -> F:
    """Add the options in `Flags` to a command."""
    for option in (
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="The data folder of a server on this machine.  [env: WAKEFUL_DATA]",
        ),
        click.option(
            "--ca",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The authority to trust in the place of the system's, PEM.  [env: WAKEFUL_CA; "
            "default: that of the data folder, if the URL is]",
        ),
        click.option(
            "--token-file",
            type=click.Path(path_type=Path),
            help="A file with the token.  [env: WAKEFUL_TOKEN_FILE; default: token in the data "
            "folder]",
        ),
        click.option("--token", help="The token itself.  [env: WAKEFUL_TOKEN]"),
        click.option(
            "--url",
            help=f"The server.  [env: WAKEFUL_URL; default: url in the data folder, "
            f"or {DEFAULT_URL}]",
        ),
    ):
        command = option(command)
    return command


class Reached(NamedTuple):
    """A server and how to speak to it. `tls` is None where the system's authorities will do."""

    url: str
    token: str
    tls: ssl.SSLContext | None = None


def reach(flags: Flags, environ: Mapping[str, str]) -> Reached:
    """What to use. Raises ClickException with a sentence for people."""
    if flags.token and flags.token_file:
        raise click.UsageError("give --token or --token-file, not both")
    if flags.data is not None:
        environ = {}
    data = flags.data or Path(environ.get("WAKEFUL_DATA") or platformdirs.user_data_path("wakeful"))
    url = flags.url or environ.get("WAKEFUL_URL")
    ca = flags.ca or (Path(environ["WAKEFUL_CA"]) if environ.get("WAKEFUL_CA") else None)
    if url is None:
        url = _text_in(data / "url") or DEFAULT_URL
        if ca is None and url.startswith("https:") and (data / LOCAL_AUTHORITY).exists():
            ca = data / LOCAL_AUTHORITY
    return Reached(url, _token(flags, environ, data), None if ca is None else _trusting(ca))


def _trusting(file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        raise click.ClickException(f"{file} has no certificate in PEM form") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {file}: {error.strerror}") from None


def _token(flags: Flags, environ: Mapping[str, str], data: Path) -> str:
    if flags.token is not None:
        return flags.token
    file = flags.token_file
    if file is None and environ.get("WAKEFUL_TOKEN"):
        return environ["WAKEFUL_TOKEN"]
    if file is None and environ.get("WAKEFUL_TOKEN_FILE"):
        file = Path(environ["WAKEFUL_TOKEN_FILE"])
    token = _text_in(file or data / "token")
    if token is None and file is not None:
        raise click.ClickException(f"there is no token in {file}")
    if token is None:
        raise click.ClickException(
            f"no token: {data / 'token'} has none. Give --token or --token-file, or by --data "
            "the data folder of the server"
        )
    return token


def _text_in(path: Path) -> str | None:
    """What stands in a small file; None where there is no file or nothing in it."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from None
    try:
        return text.decode().strip() or None
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is no text") from None

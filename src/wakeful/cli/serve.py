"""`wakeful serve`: flags into settings, then the server."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

import click

from wakeful.settings import SettingsError, load, read_file


@click.command()
@click.option(
    "--watch", multiple=True, metavar="[NAME=]DIR", help="Follow DIR; repeatable with NAME."
)
@click.option("--memory", is_flag=True, default=None, help="Keep nothing: an emulator, for tests.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the store and the token live.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on, 0 for a free one.  [default: 8787]")
@click.option("--tls-port", type=int, help="Port to listen on with TLS, 0 for a free one.")
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    help="A certificate of your own, PEM, with its chain.",
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key, PEM, without password.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Do not follow what matches.")
@click.option("--hold", type=float, metavar="SECONDS", help="How long a poll waits.  [default: 50]")
@click.option("--rescan", type=float, metavar="SECONDS", help="How often folders are compared.")
@click.option("--public-url", metavar="URL", help="The URL under which clients reach the server.")
@click.option(
    "--trust-proxy/--no-trust-proxy",
    default=None,
    help="Believe X-Forwarded-Proto, -Host and -For.",
)
@click.option("--body-limit", type=int, metavar="BYTES", help="The longest request body.")
@click.option("--upload-limit", type=int, metavar="BYTES", help="The largest file taken.")
@click.option("--max-polls", type=int, help="The most polls that wait at a time.")
@click.option("--max-requests", type=int, help="The most requests that are under way at a time.")
@click.option("--rate-limit", type=int, help="The most requests a minute with one token.")
@click.option(
    "--auth-failure-limit", type=int, help="The most failed authentications a minute and address."
)
@click.option("--drain", type=float, metavar="SECONDS", help="How long stopping may take.")
@click.option(
    "--retention-user", type=int, metavar="DAYS", help="How long users' streams are kept."
)
@click.option(
    "--retention-enterprise", type=int, metavar="DAYS", help="How long enterprises' are kept."
)
@click.option("--log-format", type=click.Choice(["auto", "text", "json"]))
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="WAKEFUL_CONFIG",
    help="A TOML file with settings.",
)
def serve(config: Path | None, **flags: Any) -> int:
    """Follow folders and serve their feed.

    The first start makes a user whose home is the folder given with --watch DIR, and a token
    for it. Every flag is also an environment variable WAKEFUL_... and a key in the TOML file.
    """
    # Only this command needs the server, and it takes a while to import: a tenth less where
    # nobody looks for garbage among what stays.
    gc.disable()
    from wakeful.cli.server import run
    from wakeful.cli.state import CannotServe

    gc.enable()

    try:
        settings = load(read_file(config), os.environ, flags)
        return run(settings)
    except (SettingsError, CannotServe) as error:
        click.echo(f"wakeful: {error}", err=True)
        sys.exit(2)

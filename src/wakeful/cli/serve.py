"""`wakeful serve`: flags into settings, then the server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from wakeful.cli.importing import imported_for_good
from wakeful.settings import SettingsError, load, read_file


@click.command()
@click.option(
    "--watch", multiple=True, metavar="[NAME=]DIR", help="Follow DIR; repeatable with NAME."
)
@click.option("--memory", is_flag=True, default=None, help="Keep nothing: an emulator, for tests.")
@click.option(
    "--fidelity",
    type=click.Choice(["better", "faithful"]),
    help="With --memory: faithful does all that Box and Dropbox do.",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --memory: who and what there is, and what happens when.",
)
@click.option(
    "--seed",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --memory: what the first user has from the beginning.",
)
@click.option("--chance", type=int, metavar="N", help="Which series of chance it then follows.")
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
@click.option("--read-only", is_flag=True, default=None, help="Write nothing to watched folders.")
@click.option("--hold", type=float, metavar="SECONDS", help="How long a poll waits.  [default: 50]")
@click.option("--rescan", type=float, metavar="SECONDS", help="How often folders are compared.")
@click.option("--public-url", metavar="URL", help="The URL under which clients reach the server.")
@click.option(
    "--trust-proxy/--no-trust-proxy",
    default=None,
    help="Believe X-Forwarded-Proto, -Host and -For.",
)
@click.option("--body-limit", metavar="SIZE", help="The longest request body.")
@click.option("--upload-limit", metavar="SIZE", help="The largest file taken: 500M, 10G.")
@click.option("--quota", metavar="SIZE", help="How much the files of a user may take: 10G.")
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
@click.option("--trash-days", type=int, metavar="DAYS", help="How long the trash is kept.")
@click.option(
    "--retention-versions", type=int, metavar="DAYS", help="How long earlier versions are kept."
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
    # Only this command needs the server.
    with imported_for_good():
        from wakeful.cli.server import run
        from wakeful.cli.state import CannotServe

    try:
        settings = load(read_file(config), os.environ, flags)
        return run(settings)
    except (SettingsError, CannotServe) as error:
        click.echo(f"wakeful: {error}", err=True)
        sys.exit(2)

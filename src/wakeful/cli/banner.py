"""What a starting server tells the person who started it."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from wakeful import __version__

_PYTHON = """\
from box_sdk_gen import BaseUrls, BoxClient, BoxDeveloperTokenAuth, NetworkSession
urls = BaseUrls(base_url="{url}", upload_url="{url}/api", oauth_2_url="{url}/api/oauth2")
client = BoxClient(auth=BoxDeveloperTokenAuth(token="{token}"), \
network_session=NetworkSession(base_urls=urls))
for event in client.events.get_event_stream(): \
print(event.event_type.value, event.source.name)"""

_NODE = """\
const {{ BoxClient, BoxDeveloperTokenAuth }} = require("box-node-sdk");
const client = new BoxClient({{ auth: new BoxDeveloperTokenAuth({{ token: "{token}" }}) }})
  .withCustomBaseUrls({{ baseUrl: "{url}", uploadUrl: "{url}/api", \
oauth2Url: "{url}/api/oauth2" }});
client.events.getEventStream().on("error", console.error)
  .on("data", (event) => console.log(event.eventType, event.source.name));"""


# Both always speak TLS; the hosts are read when `dropbox` is imported.
_DROPBOX_PYTHON = """\
import os
os.environ.update(DROPBOX_API_HOST="{host}", DROPBOX_API_CONTENT_HOST="{host}", \
DROPBOX_API_NOTIFY_HOST="{host}")
import dropbox
client = dropbox.Dropbox("{token}"{trust})"""

_DROPBOX_NODE = """\
{trust}node
const client = new (require("dropbox").Dropbox)({{ accessToken: "{token}", \
domain: "{host}", domainDelimiter: "" }});"""


class Secured(msgspec.Struct, frozen=True):
    """Where the server is reached over TLS, as `host:port`, the file of the authority to trust
    (None where clients need not be told), and when its certificate ends."""

    address: str
    authority: Path | None
    end: dt.datetime


class Followed(msgspec.Struct, frozen=True):
    """A watched folder, for the eye. `files` and `folders` are None while it was not read yet,
    `trouble` is what keeps it from being read."""

    path: Path
    name: str | None
    files: int | None
    folders: int | None
    trouble: str = ""


def print_banner(
    *,
    url: str,
    token: str | None,
    token_file: Path | None,
    tail: str,
    followed: Sequence[Followed],
    secured: Secured | None = None,
) -> None:
    """Print what is followed, where, and lines that can be pasted.

    *token* None keeps it unsaid, *token_file* None where there is no such file, for nothing is
    kept; *tail* is the command that follows this server.
    """
    said = token if token_file is None else f"$(cat {shlex.quote(str(token_file))})"
    lines = [click.style(f"\nWakeful {__version__}\n\n", bold=True)]
    for index, each in enumerate(followed):
        _field(lines, "" if index else "Following", _describe(each))
    if not followed:
        _field(lines, "Following", "no folder (give --watch DIR, or publish changes over HTTP)")
    _field(lines, "URL", url)
    if secured is not None:
        until = f"certificate until {secured.end:%Y-%m-%d}"
        trust = f", trust {secured.authority}" if secured.authority else ""
        _field(lines, "TLS", f"https://{secured.address}  ({until}{trust})")
    if token_file is None:
        _field(lines, "Keeping", "nothing: all of it is in memory, and ends with the server")
    where = "" if token_file is None else f"in {token_file}"
    _field(lines, "Token", f"{token}  ({where})" if token and where else token or where)
    _sample(lines, "curl", f'curl -H "Authorization: Bearer {said}" "{url}/2.0/events"')
    _sample(lines, "Another terminal", tail)
    shown = token or "TOKEN"
    _sample(lines, "Box SDK, Python: pip install boxsdk", _PYTHON.format(url=url, token=shown))
    _sample(lines, "Box SDK, Node: npm install box-node-sdk", _NODE.format(url=url, token=shown))
    if secured is not None:
        _dropbox_samples(lines, secured, shown)
    lines.append(click.style("\nCtrl-C stops the server.\n", dim=True))
    # Without colours where it is no terminal, or where somebody wants none (no-color.org).
    click.echo("".join(lines), color=False if os.environ.get("NO_COLOR") else None)


def _dropbox_samples(lines: list[str], secured: Secured, token: str) -> None:
    trust, environ = "", ""
    if secured.authority is not None:
        trust = f", ca_certs={str(secured.authority)!r}"
        environ = f"NODE_EXTRA_CA_CERTS={shlex.quote(str(secured.authority))} "
    python = _DROPBOX_PYTHON.format(host=secured.address, token=token, trust=trust)
    node = _DROPBOX_NODE.format(host=secured.address, token=token, trust=environ)
    _sample(lines, "Dropbox SDK, Python: pip install dropbox", python)
    _sample(lines, "Dropbox SDK, Node: npm install dropbox", node)


def _describe(followed: Followed) -> str:
    where = f"{followed.name} = {followed.path}" if followed.name else str(followed.path)
    if followed.files is None:
        return f"{where}  (not yet read{f': {followed.trouble}' if followed.trouble else ''})"
    return f"{where}  ({_count(followed.files, 'file')}, {_count(followed.folders or 0, 'folder')})"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _field(lines: list[str], label: str, value: str) -> None:
    lines.append(click.style(f"  {label:<11}", dim=True))
    lines.append(f"{value}\n")


def _sample(lines: list[str], title: str, code: str) -> None:
    lines.append(click.style(f"\n  {title}\n", dim=True))
    for line in code.splitlines():
        lines.append(f"    {line}\n")

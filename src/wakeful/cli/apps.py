"""`wakeful app`: programs that sign in for users."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from wakeful.administration import (
    AddKey,
    AppRecord,
    CreateApp,
    DeleteApp,
    ListApps,
    NewApp,
    RemoveKey,
    RenewSecret,
    ShowApp,
    UpdateApp,
)
from wakeful.cli import box_config as config_file
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.lines import printable
from wakeful.cli.printing import json_option, table, tell, time
from wakeful.cli.words import Commands, enterprise_option, scope_option
from wakeful.core.scopes import WRITE_SCOPE


@click.group(cls=Commands)
def app() -> None:
    """Apps, which sign in for the users of an enterprise."""


@app.command("create")
@click.argument("name")
@scope_option(f"The most that its tokens may do, {WRITE_SCOPE} if missing.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URL",
    help="Where a browser may be sent back to; repeatable. http://localhost takes any port.",
)
@click.option(
    "--public",
    is_flag=True,
    help="It runs where others can read it: it has no secret, and uses PKCE.",
)
@click.option(
    "--box-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Make a key pair, and write the file that Box's SDKs read their settings from.",
)
@enterprise_option
@data_option
@json_option
def app_create(
    name: str,
    scopes: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    public: bool,
    box_config: Path | None,
    enterprise: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Make an app and print its client id and client secret.

    The secret is not shown again. With it comes a service account: the user that the app is when
    it acts for nobody else.
    """
    if public and box_config is not None:
        raise click.UsageError("a public app has no secret, so there is no --box-config for it")
    operation = CreateApp(
        name=name,
        scopes=scopes or (WRITE_SCOPE,),
        redirect_uris=redirect_uris,
        enterprise=enterprise,
        is_public=public,
    )
    if box_config is None:
        made = carry_out(data, operation)
    else:
        made = _create_with_config(box_config, data, operation)
    lines = [
        f"App {made.app.name} has the id {made.app.id}, in the enterprise {made.app.enterprise}",
        f"Client id      {made.app.client_id}",
        f"Client secret  {made.client_secret or 'none: it uses PKCE'}",
    ]
    if box_config is not None:
        lines.append(f"Written to     {box_config}, with a private key: keep it as such")
    tell(as_json, made, "\n".join(map(printable, lines)))


@app.command("list")
@data_option
@json_option
def app_list(data: Path, as_json: bool) -> None:
    """Show all apps."""
    apps = carry_out(data, ListApps())
    rows = [
        (
            str(each.id),
            each.name,
            each.client_id,
            str(each.enterprise),
            "disabled" if each.disabled_at else "enabled",
        )
        for each in apps
    ]
    tell(as_json, apps, table(("id", "name", "client id", "enterprise", "state"), rows))


@app.command("show")
@click.argument("app")
@data_option
@json_option
def app_show(app: str, data: Path, as_json: bool) -> None:
    """Show APP (a name, an id or a client id), but for its secret."""
    record = carry_out(data, ShowApp(app=app))
    tell(as_json, record, "\n".join(map(printable, _lines(record))))


@app.command("update")
@click.argument("app")
@click.option("--disable/--enable", default=None, help="Whether neither it nor its tokens get in.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URL",
    help="Where a browser may be sent back to, in place of those before; repeatable.",
)
@click.option("--no-redirect-uri", is_flag=True, help="Send browsers nowhere: show codes instead.")
@data_option
@json_option
def app_update(
    app: str,
    disable: bool | None,
    redirect_uris: tuple[str, ...],
    no_redirect_uri: bool,
    data: Path,
    as_json: bool,
) -> None:
    """Change APP, at once.

    Polls that wait end, too, if they have to.
    """
    if redirect_uris and no_redirect_uri:
        raise click.UsageError("it is either --redirect-uri or --no-redirect-uri")
    if disable is None and not redirect_uris and not no_redirect_uri:
        raise click.UsageError(
            "say what to change: --disable, --enable, --redirect-uri or --no-redirect-uri"
        )
    uris = redirect_uris if redirect_uris or no_redirect_uri else None
    record = carry_out(data, UpdateApp(app=app, is_disabled=disable, redirect_uris=uris))
    tell(as_json, record, "\n".join(map(printable, _lines(record))))


@app.command("delete")
@click.argument("app")
@data_option
@json_option
def app_delete(app: str, data: Path, as_json: bool) -> None:
    """Remove APP for good, with its tokens.

    Polls that wait under them end.
    """
    record = carry_out(data, DeleteApp(app=app))
    tell(as_json, record, f"App {record.name} is gone, and its service account is disabled")


@app.group("key")
def key() -> None:
    """The public keys by which an app's assertions are checked."""


@key.command("add")
@click.argument("app")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@json_option
def key_add(app: str, file: Path, data: Path, as_json: bool) -> None:
    """Let APP sign with the private key that belongs to FILE.

    FILE has the public key, in PEM.
    """
    try:
        pem = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read {file}: {error}") from None
    record = carry_out(data, AddKey(app=app, public_key=pem))
    tell(as_json, record, f"The key has the id {record.kid}, which goes into `kid`")


@key.command("remove")
@click.argument("app")
@click.argument("kid")
@data_option
@json_option
def key_remove(app: str, kid: str, data: Path, as_json: bool) -> None:
    """Let what is signed with the key KID of APP count no more."""
    record = carry_out(data, RemoveKey(app=app, kid=kid))
    tell(as_json, record, f"The key {record.kid} is gone")


@app.group("secret")
def secret() -> None:
    """The client secret, by which an app says who it is."""


@secret.command("new")
@click.argument("app")
@data_option
@json_option
def secret_new(app: str, data: Path, as_json: bool) -> None:
    """Give APP another client secret and print it.

    The one before is void at once.
    """
    made = carry_out(data, RenewSecret(app=app))
    assert made.client_secret is not None, "what has no secret is refused another"
    tell(as_json, made, made.client_secret)


def _create_with_config(file: Path, data: Path, operation: CreateApp) -> NewApp:
    """The app, with its key pair in *file*, of which there is nothing if that fails."""
    with config_file.opened_privately(file) as out:
        pair = config_file.make_key_pair()
        made = carry_out(data, msgspec.structs.replace(operation, public_key=pair.public))
        out.write(config_file.contents(made, pair))
    return made


def _lines(record: AppRecord) -> list[str]:
    return [
        f"App              {record.name}{', disabled' if record.disabled_at else ''}",
        f"Id               {record.id}",
        f"Client id        {record.client_id}{', public' if record.is_public else ''}",
        f"Enterprise       {record.enterprise}",
        f"Service account  {record.service_account}",
        f"Scopes           {' '.join(record.scopes)}",
        *(f"Redirect URI     {uri}" for uri in record.redirect_uris),
        *(f"Key              {key.kid}  SHA-256 {key.fingerprint}" for key in record.keys),
        f"Created          {time(record.created_at)}",
    ]

"""`wakeful certs`: a local authority, and a certificate for the server."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from wakeful.cli.control import data_option
from wakeful.tls import (
    BadName,
    Certificate,
    LocalFiles,
    Made,
    TlsError,
    check_name,
    read_certificate,
)

_TRUST = """\

Clients trust it by its authority:
  curl           --cacert {file}
  wakeful tail   --ca {file}
  Python         REQUESTS_CA_BUNDLE={file}
  Node           NODE_EXTRA_CA_CERTS={file}
  Go, OpenSSL    SSL_CERT_FILE={file}
  Java           keytool -importcert -noprompt -alias wakeful -file {file} -cacerts
  all of Debian  sudo cp {file} /usr/local/share/ca-certificates/wakeful.crt && \
sudo update-ca-certificates"""


@click.command()
@data_option
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A host name or address of the server, beside this machine's own; repeatable.",
)
@click.option("--force", is_flag=True, help="Replace a certificate that is still good.")
@click.option(
    "--new-authority",
    is_flag=True,
    help="Make another authority, too, which every client has to trust anew.",
)
def certs(data: Path, names: tuple[str, ...], force: bool, new_authority: bool) -> None:
    """Make a certificate for `wakeful serve --tls-port`.

    Behind it is a local authority, which is made, too. The names are localhost, 127.0.0.1, ::1,
    this machine's name, and what --name adds: also those that a client cannot be talked out of,
    such as api.dropboxapi.com. What is there is kept, but a certificate that ends within 30 days
    is renewed. A running server serves the new one in a few seconds.
    """
    files = LocalFiles(data.expanduser().absolute())
    try:
        asked = [check_name(name) for name in names]
        if new_authority and not force and files.authority.exists():
            raise click.ClickException(
                f"there is an authority in {files.authority}, which clients may trust: "
                "--force replaces it"
            )
        made = files.ensure(asked, anew=force, new_authority=new_authority)
        server = read_certificate(files.pair.certificate)
        authority = read_certificate(files.authority)
    except BadName as error:
        raise click.UsageError(str(error)) from None
    except TlsError as error:
        raise click.ClickException(str(error)) from None
    lacking = [name for name in asked if name not in server.names]
    if lacking:
        raise click.ClickException(
            f"the certificate {files.pair.certificate} is not for {', '.join(lacking)}: "
            "--force replaces it"
        )
    _tell(files, made, server, authority)


def _tell(files: LocalFiles, made: Made, server: Certificate, authority: Certificate) -> None:
    click.echo(f"Made       {made.value}")
    click.echo(f"Authority  {files.authority}, until {authority.not_after:%Y-%m-%d}")
    click.echo(f"Server     {files.pair.certificate}, until {server.not_after:%Y-%m-%d}")
    click.echo(f"Names      {', '.join(server.names)}")
    click.echo(_TRUST.format(file=shlex.quote(str(files.authority))))
    click.echo(
        f"\nWhoever has {files.authority_key} can pass for any host to those who trust the\n"
        "authority: it stays on this machine."
    )

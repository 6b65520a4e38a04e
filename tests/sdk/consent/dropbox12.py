"""How a user of dropbox 12 asks another user for consent, in every way that it has: it prints JSON
lines, and reads the code, or the URL that the browser was sent to.

It runs in an environment of its own, which says where the server is. Its only argument is a JSON
object: see `tests/sdk/test_consent.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dropbox import Dropbox, DropboxOAuth2Flow, DropboxOAuth2FlowNoRedirect
from dropbox.exceptions import AuthError

task: dict[str, Any] = json.loads(sys.argv[1])
app = {"consumer_key": task["client_id"], "consumer_secret": task["client_secret"]}
public = {"consumer_key": task["public_id"], "use_pkce": True}


def tell(**line: str) -> None:
    print(json.dumps(line), flush=True)


def login(client: Dropbox) -> str:
    email: str = client.users_get_current_account().email
    return email


def pasted(**options: Any) -> Any:
    flow = DropboxOAuth2FlowNoRedirect(**options)
    tell(ask=flow.start())
    return flow.finish(input())


def redirected(**options: Any) -> Any:
    session: dict[str, str] = {}
    flow = DropboxOAuth2Flow(
        redirect_uri=task["redirect_uri"],
        session=session,
        csrf_token_session_key="csrf",
        **options,
    )
    tell(ask=flow.start(url_state="a b"))
    result = flow.finish(dict(parse_qsl(urlsplit(input()).query)))
    assert result.url_state == "a b"
    return result


def refreshed(secret: str | None, **options: Any) -> tuple[Dropbox, Any]:
    result = pasted(
        **options,
        token_access_type="offline",
        scope=["files.metadata.read"],
        include_granted_scopes="user",
    )
    client = Dropbox(
        oauth2_refresh_token=result.refresh_token,
        app_key=options["consumer_key"],
        app_secret=secret,
    )
    client.refresh_access_token(scope=["files.metadata.read"])
    assert client.users_get_current_account().account_id == result.account_id
    return client, result


def say(how: str, result: Any) -> None:
    tell(how=how, login=login(Dropbox(result.access_token)))


say("pasted", pasted(**app))
say("pasted, with PKCE", pasted(**public))
say("redirected", redirected(**app, token_access_type="legacy"))
say("redirected, with PKCE", redirected(**public, token_access_type="online"))
tell(how="refreshed", login=login(refreshed(task["client_secret"], **app)[0]))
client, result = refreshed(None, **public)
tell(how="refreshed, without a secret", login=login(client))
client.auth_token_revoke()
try:
    Dropbox(result.access_token).users_get_current_account()
except AuthError:
    tell(how="revoked", login="")

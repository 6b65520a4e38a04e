"""How a user of boxsdk 10 asks another user for consent: it prints JSON lines, and reads the URL
that their browser was sent to.

It runs in an environment of its own. Its only argument is a JSON object: see
`tests/sdk/test_consent.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    BoxOAuth,
    BoxSDKError,
    NetworkSession,
    OAuthConfig,
)
from box_sdk_gen.box.oauth import GetAuthorizeUrlOptions

task: dict[str, Any] = json.loads(sys.argv[1])
url = task["url"]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
session = NetworkSession(base_urls=urls)


def tell(**line: str) -> None:
    print(json.dumps(line), flush=True)


def client(auth: Any) -> BoxClient:
    return BoxClient(auth=auth, network_session=session)


oauth = BoxOAuth(OAuthConfig(client_id=task["client_id"], client_secret=task["client_secret"]))
options = GetAuthorizeUrlOptions(redirect_uri=task["redirect_uri"], state="a b")
asked = oauth.get_authorize_url(options=options)
tell(ask=asked.replace("https://account.box.com", url))  # that is built in
sent = parse_qs(urlsplit(input()).query)
assert sent["state"] == ["a b"]
oauth.get_tokens_authorization_code_grant(sent["code"][0], network_session=session)
tell(how="redirect", login=client(oauth).users.get_user_me().login)
text = oauth.refresh_token(network_session=session).access_token
tell(how="refreshed", login=client(oauth).users.get_user_me().login)
oauth.revoke_token(network_session=session)
try:
    client(BoxDeveloperTokenAuth(token=text)).users.get_user_me()
except (BoxAPIError, BoxSDKError):
    tell(how="revoked", login="")

"""How a user of boxsdk 3 asks another user for consent: it prints JSON lines, and reads the URL
that their browser was sent to.

It runs in an environment of its own. Its only argument is a JSON object: see
`tests/sdk/test_consent.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from boxsdk import Client, OAuth2
from boxsdk.config import API
from boxsdk.exception import BoxAPIException, BoxOAuthException

task: dict[str, Any] = json.loads(sys.argv[1])
url = task["url"]
API.BASE_API_URL = f"{url}/2.0"
API.OAUTH2_API_URL = f"{url}/oauth2"
API.OAUTH2_AUTHORIZE_URL = f"{url}/api/oauth2/authorize"
API.UPLOAD_URL = f"{url}/api/2.0"


def tell(**line: str) -> None:
    print(json.dumps(line), flush=True)


oauth = OAuth2(client_id=task["client_id"], client_secret=task["client_secret"])
asked, csrf = oauth.get_authorization_url(task["redirect_uri"])
tell(ask=asked)
sent = parse_qs(urlsplit(input()).query)
assert sent["state"] == [csrf]
access, _ = oauth.authenticate(sent["code"][0])
client = Client(oauth)
tell(how="redirect", login=client.user().get().login)
fresh, _ = oauth.refresh(access)
tell(how="refreshed", login=client.user().get().login)
oauth.revoke()
try:
    Client(OAuth2(client_id="", client_secret="", access_token=fresh)).user().get()
except (BoxAPIException, BoxOAuthException):
    tell(how="revoked", login="")

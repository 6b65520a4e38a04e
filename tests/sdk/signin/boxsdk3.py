"""Every way in which a user of boxsdk 3 signs in: one JSON line each, with who it is then.

It runs in an environment of its own. Its only argument is a JSON object: see
`tests/sdk/test_signin.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from boxsdk import CCGAuth, Client, JWTAuth, OAuth2
from boxsdk.auth.cooperatively_managed_oauth2 import CooperativelyManagedOAuth2
from boxsdk.auth.developer_token_auth import DeveloperTokenAuth
from boxsdk.auth.remote_managed_oauth2 import RemoteOAuth2
from boxsdk.config import API
from boxsdk.exception import BoxAPIException, BoxOAuthException

task: dict[str, Any] = json.loads(sys.argv[1])
url = task["url"]
API.BASE_API_URL = f"{url}/2.0"
API.OAUTH2_API_URL = f"{url}/oauth2"
API.OAUTH2_AUTHORIZE_URL = f"{url}/api/oauth2/authorize"
API.UPLOAD_URL = f"{url}/api/2.0"

config = task["config"]
app = {"client_id": task["client_id"], "client_secret": task["client_secret"]}


def say(how: str, client: Client) -> None:
    print(json.dumps({"how": how, "id": client.user().get().id}), flush=True)


def is_refused(ask: Any) -> bool:
    try:
        ask()
    except BoxAPIException as error:
        return error.status in (401, 403, 404)
    except BoxOAuthException:
        return True  # it tries to get another token, and has nothing to get it with
    return False


say("developer token", Client(OAuth2(client_id="", client_secret="", access_token=task["token"])))
say("ccg user", Client(CCGAuth(**app, user=task["user"])))
say("ccg enterprise", Client(CCGAuth(**app, enterprise_id=task["enterprise"])))
say("jwt enterprise", Client(JWTAuth.from_settings_file(config)))
say("jwt user", Client(JWTAuth.from_settings_file(config, user=task["user"])))

service = Client(CCGAuth(**app, enterprise_id=task["enterprise"]))
say("as user", service.as_user(service.user(task["user"])))

kept: list[tuple[str, str]] = []
oauth = OAuth2(
    **app,
    access_token="void",
    refresh_token=task["refresh_token"],
    store_tokens=lambda access, refresh: kept.append((access, refresh)),
)
say("refresh", Client(oauth))
oauth.refresh(kept[-1][0])
say("refresh again", Client(oauth))

# Tokens that something else has: each is asked for when the one before is void.
asked = iter(("void", task["token"]))
say("asked for", Client(DeveloperTokenAuth(get_new_token_callback=lambda: next(asked))))
remote = RemoteOAuth2(
    retrieve_access_token=lambda old: task["token"],
    client_id="",
    client_secret="",
    access_token="void",
)
say("remote", Client(remote))
shared = CooperativelyManagedOAuth2(
    retrieve_tokens=lambda: (kept[-1][0], kept[-1][1]), **app, access_token=kept[-1][0]
)
say("shared", Client(shared))

jwt = JWTAuth.from_settings_file(config, user=task["user"])
whole = Client(jwt)
narrow = whole.downscope_token(["item_preview"], whole.folder(task["folder"]))
inside = Client(OAuth2(client_id="", client_secret="", access_token=narrow.access_token))
assert inside.folder(task["folder"]).get().id == task["folder"]
assert narrow.restricted_to[0]["object"]["id"] == task["folder"]
assert is_refused(inside.folder("0").get)
assert is_refused(lambda: inside.events().get_latest_stream_position())
say("downscoped", whole)

text = jwt.access_token
jwt.revoke()
assert is_refused(Client(OAuth2(client_id="", client_secret="", access_token=text)).user().get)
say("revoked", whole)  # signs in again

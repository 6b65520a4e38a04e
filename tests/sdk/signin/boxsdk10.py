"""Every way in which a user of boxsdk 10 signs in: one JSON line each, with who it is then.

It runs in an environment of its own. Its only argument is a JSON object: see
`tests/sdk/test_signin.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from box_sdk_gen import (
    AccessToken,
    BaseUrls,
    BoxAPIError,
    BoxCCGAuth,
    BoxClient,
    BoxDeveloperTokenAuth,
    BoxJWTAuth,
    BoxOAuth,
    BoxSDKError,
    CCGConfig,
    JWTConfig,
    NetworkSession,
    OAuthConfig,
)

task: dict[str, Any] = json.loads(sys.argv[1])
url = task["url"]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
session = NetworkSession(base_urls=urls)
app = {"client_id": task["client_id"], "client_secret": task["client_secret"]}


def client(auth: Any) -> BoxClient:
    return BoxClient(auth=auth, network_session=session)


def say(how: str, box: BoxClient) -> None:
    print(json.dumps({"how": how, "id": box.users.get_user_me().id}), flush=True)


def is_refused(ask: Any) -> bool:
    try:
        ask()
    except BoxAPIError as error:
        return error.response_info.status_code in (401, 403, 404)
    except BoxSDKError as error:
        # Of a token that is void it says so itself, and that there is no other.
        return "token" in str(error).lower()
    return False


say("developer token", client(BoxDeveloperTokenAuth(token=task["token"])))
say("ccg user", client(BoxCCGAuth(CCGConfig(**app, user_id=task["user"]))))
ccg = BoxCCGAuth(CCGConfig(**app, enterprise_id=task["enterprise"]))
say("ccg enterprise", client(ccg))
jwt = BoxJWTAuth(JWTConfig.from_config_file(task["config"]))
say("jwt enterprise", client(jwt))
say("jwt user", client(jwt.with_user_subject(task["user"])))
say("as user", client(ccg).with_as_user_header(task["user"]))

oauth = BoxOAuth(OAuthConfig(**app))
oauth.token_storage.store(AccessToken(access_token="void", refresh_token=task["refresh_token"]))
say("refresh", client(oauth))
oauth.refresh_token(network_session=session)
say("refresh again", client(oauth))

whole = jwt.with_user_subject(task["user"])
narrow = whole.downscope_token(
    ["item_preview"], resource=f"{url}/2.0/folders/{task['folder']}", network_session=session
)
inside = client(BoxDeveloperTokenAuth(token=narrow.access_token))
assert inside.folders.get_folder_by_id(task["folder"]).id == task["folder"]
assert narrow.restricted_to[0].object.id == task["folder"]
assert is_refused(lambda: inside.folders.get_folder_by_id("0"))
assert is_refused(lambda: inside.events.get_events())
say("downscoped", client(whole))

text = whole.retrieve_token(network_session=session).access_token
whole.revoke_token(network_session=session)
assert is_refused(client(BoxDeveloperTokenAuth(token=text)).users.get_user_me)
say("revoked", client(whole))  # signs in again

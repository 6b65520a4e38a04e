"""What a user of boxsdk 3 writes who works on files with others. One JSON line for each step;
it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of a folder at the top, the id and the login of another user.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from boxsdk import BoxAPIException, Client, OAuth2
from boxsdk.config import API
from boxsdk.object.collaboration import CollaborationRole

url, token, place, other, login = sys.argv[1:]
API.BASE_API_URL = f"{url}/2.0"
API.UPLOAD_URL = f"{url}/api/2.0"
client = Client(OAuth2(client_id="", client_secret="", access_token=token))


def say(step: str, **more: Any) -> None:
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def collaboration(step: str, made: Any) -> None:
    who = made.accessible_by.login
    say(step, role=made.role, who=who, item=made.item.id, status=made.status)


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIException as error:
        say(step, status=error.status, code=error.code)


top = client.folder(place)
made = top.collaborate(client.user(other), CollaborationRole.VIEWER)
collaboration("invite", made)
refused("invite again", lambda: top.add_collaborator(login, CollaborationRole.EDITOR, notify=True))
refused("invite nobody", lambda: top.collaborate_with_login("zoe@example.com", "viewer"))
made = made.update_info(role=CollaborationRole.EDITOR)
collaboration("change role", made)
collaboration("read", client.collaboration(made.id).get())
say("list", logins=[each.accessible_by.login for each in top.get_collaborations()])
say("pending", count=len(list(client.get_pending_collaborations())))
say("remove", done=made.delete())
made = top.collaborate_with_login(login, CollaborationRole.VIEWER_UPLOADER)
collaboration("invite by login", made)
say("end")

"""What a user of boxsdk 10 writes who works on files with others. One JSON line for each step;
it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of a folder at the top, the id and the login of another user.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    CreateCollaborationAccessibleBy,
    CreateCollaborationAccessibleByTypeField,
    CreateCollaborationItem,
    CreateCollaborationItemTypeField,
    CreateCollaborationRole,
    GetCollaborationsStatus,
    NetworkSession,
    UpdateCollaborationByIdRole,
)

url, token, place, other, login = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls)
)


def say(step: str, **more: Any) -> None:
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def collaboration(step: str, made: Any) -> None:
    who = made.accessible_by.login
    say(step, role=made.role.value, who=who, item=made.item.id, status=made.status.value)


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIError as error:
        told = error.response_info
        say(step, status=told.status_code, code=told.code)


def invite(role: CreateCollaborationRole, **who: str) -> Any:
    return client.user_collaborations.create_collaboration(
        CreateCollaborationItem(type=CreateCollaborationItemTypeField.FOLDER, id=place),
        CreateCollaborationAccessibleBy(type=CreateCollaborationAccessibleByTypeField.USER, **who),
        role,
        notify=True,
    )


people = client.user_collaborations
made = invite(CreateCollaborationRole.VIEWER, id=other)
collaboration("invite", made)
refused("invite again", lambda: invite(CreateCollaborationRole.EDITOR, login=login))
refused("invite nobody", lambda: invite(CreateCollaborationRole.VIEWER, login="zoe@example.com"))
made = people.update_collaboration_by_id(made.id, role=UpdateCollaborationByIdRole.EDITOR)
collaboration("change role", made)
collaboration("read", people.get_collaboration_by_id(made.id))
found = client.list_collaborations.get_folder_collaborations(place)
say("list", logins=[each.accessible_by.login for each in found.entries])
waiting = client.list_collaborations.get_collaborations(GetCollaborationsStatus.PENDING)
say("pending", count=len(waiting.entries))
people.delete_collaboration_by_id(made.id)
say("remove", done=True)
collaboration("invite by login", invite(CreateCollaborationRole.VIEWER_UPLOADER, login=login))
say("end")

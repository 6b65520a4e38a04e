"""What an admin writes with dropbox 12: read the team's log to its end, or wait in it.

It runs in an environment of its own and knows nothing of this project but the host, which is in
the environment. Its only argument is a JSON object with the `token` and the arguments of
`get_events`, of which `time`, `category` and `event_type` are made into the SDK's own; or with a
`file` of events to parse: see `tests/sdk/test_team_log.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from dropbox import DropboxTeam
from dropbox.exceptions import ApiError
from dropbox.stone_serializers import json_compat_obj_decode
from dropbox.team_common import TimeRange
from dropbox.team_log import EventCategory, EventTypeArg, TeamEvent_validator


def main() -> None:
    task = json.loads(sys.argv[1])
    if "file" in task:
        parse(json.loads(Path(task["file"]).read_text(encoding="utf-8")))
    else:
        read(DropboxTeam(task["token"]), task)


def read(client: DropboxTeam, task: dict[str, Any]) -> None:
    """Tell of all events that are asked for, page by page; or of the cursor that was given."""
    try:
        page = (
            client.team_log_get_events_continue(task["cursor"])
            if "cursor" in task
            else client.team_log_get_events(**asked(task))
        )
        events = list(page.events)
        sizes = [len(page.events)]
        while page.has_more:
            page = client.team_log_get_events_continue(page.cursor)
            events += page.events
            sizes.append(len(page.events))
    except ApiError as error:
        say(error=error.error._tag)  # as every union of the SDK has it
        return
    say(events=[shape(event) for event in events], sizes=sizes, cursor=page.cursor)


def asked(task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: task[name] for name in ("limit", "account_id") if name in task}
    if "time" in task:
        times = [value and datetime.fromisoformat(value) for value in task["time"]]
        found["time"] = TimeRange(*times)
    if "category" in task:
        found["category"] = getattr(EventCategory, task["category"])
    if "event_type" in task:
        found["event_type"] = getattr(EventTypeArg, task["event_type"])
    return found


def shape(event: Any) -> dict[str, Any]:
    """What the test compares."""
    actor = event.actor.get_admin() if event.actor.is_admin() else event.actor.get_user()
    return {
        "at": event.timestamp.isoformat(),
        "type": event.event_type._tag,
        "category": event.event_category._tag,
        "details": type(event.details._value).__name__,
        "actor": actor.display_name,
        "account": actor.account_id,
        "context": event.context.get_team_member().email,
        "participants": [each.get_user().display_name for each in event.participants],
        "assets": [asset._value.path.contextual for asset in event.assets],
        "ip": event.origin and event.origin.geo_location.ip_address,
    }


def parse(events: list[Any]) -> None:
    """Tell which events the SDK does not parse, or does not keep whole."""
    faults = []
    for index, event in enumerate(events):
        try:
            # As the SDK does with what a server answers.
            found = json_compat_obj_decode(TeamEvent_validator, event, strict=False)
        except Exception as error:
            faults.append([index, repr(error)])
        else:
            faults += [[index, fault] for fault in unlike(found, event, "event")]
    say(read=len(events), faults=faults)


def unlike(found: Any, sent: Any, place: str) -> Iterator[str]:
    """Where *found* has not what was *sent*, or has no field for it."""
    if isinstance(sent, list):
        for index, (each, part) in enumerate(zip(found, sent, strict=True)):
            yield from unlike(each, part, f"{place}[{index}]")
    elif isinstance(sent, dict):
        tag = sent.get(".tag")
        inner = {name: value for name, value in sent.items() if name != ".tag"}
        if hasattr(found, "_tag"):  # a union
            if found._tag != ("other" if tag == "unlisted" else tag):
                yield f"{place}.{tag} became {found._tag}"
            if found._tag != tag:
                return
            # A union of structs has their fields beside its tag, one of families under its tag.
            value = inner.get(tag, inner)
            if value:
                yield from unlike(found._value, value, f"{place}.{tag}")
            return
        for name, value in inner.items():
            if name not in found._all_field_names_:
                yield f"{place}.{name} is unknown"
            else:
                yield from unlike(getattr(found, name), value, f"{place}.{name}")
    else:
        if isinstance(found, datetime):
            found = found.strftime("%Y-%m-%dT%H:%M:%SZ")
        if found != sent:
            yield f"{place} became {found!r}"


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

"""Write docs/events.md from the tables of event types.

Run it when one of them changes: a test compares the page with the tables.
"""

from __future__ import annotations

from pathlib import Path

from wakeful.core.changes import Circle
from wakeful.core.events import EVERY_CLASS
from wakeful.dialects.box.catalogue import ENTERPRISE
from wakeful.dialects.box.types import (
    CORE_NAMES,
    ENTERPRISE_ONLY,
    USER_TYPES,
    circle_of,
    classes_of,
    enterprise_name,
)

PAGE = Path(__file__).parents[1] / "docs" / "events.md"

_INTRODUCTION = """\
# Event types

The names that Box's clients know. Each of them can be [published](publish.md#events), under the
name that it has in either stream; any other word can be, too. What happens is **one** event: a
user's stream and the enterprise's show it under different names, with the same id.

## In users' streams

Marked with \\*: Wakeful tells these itself, of files, folders and members. `changes` and `sync`
show the types that say so, `all` shows every one. Who is told is said for an event without an
`audience` of its own: **members** are those who may see the item that it is about, without an
item whoever did it.
"""

_ENTERPRISE = """
## In the enterprise's stream alone

No user is told of these, unless an `audience` names them; their streams then show them under
these names, in `all`.
"""

_TOLD = {
    Circle.MEMBERS: "members",
    Circle.CONCERNED: "members, and whom `accessible_by` names",
    Circle.OWNER: "the owner of the item",
}


def page() -> str:
    """The text of the page."""
    rows = [
        "| in a user's stream | in the enterprise's | stream types | who is told |",
        "|---|---|---|---|",
    ]
    made = {names.user for names in CORE_NAMES.values()}
    for name in sorted(USER_TYPES):
        twin = enterprise_name(name)
        cells = (
            f"`{name}`" + (r" \*" if name in made else ""),
            f"`{twin}`" if twin in ENTERPRISE else "not in Box; the same",
            "all three" if classes_of(name) == EVERY_CLASS else "`all`",
            _TOLD[circle_of(name)],
        )
        rows.append(f"| {' | '.join(cells)} |")
    alone = "\n".join(f"- `{name}`" for name in sorted(ENTERPRISE_ONLY))
    return "\n".join([_INTRODUCTION, *rows, _ENTERPRISE, alone, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

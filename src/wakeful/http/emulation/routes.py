"""The routes of a server by name, for whoever records what is asked or lets it go wrong.

Rule 1: a route is found as the router finds it, so that nothing is told of another.

Rule 2: the routes of the emulator itself and those for operators are not among them: what is
tested does not ask them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Match, Mount, Route

from wakeful.core.errors import InvalidRequest
from wakeful.http.dialect import Dialect, ErrorForm

POLLS = frozenset({"box.poll", "dropbox.longpoll", "dropbox_v1.longpoll"})

_NAMES = {
    "GET /2.0/events": "box.events",
    "OPTIONS /2.0/events": "box.options",
    "GET /subscribe": "box.poll",
    "POST /2.0/files/content": "box.upload",
    "POST /api/2.0/files/content": "box.upload",
    "GET /2.0/files/{id}/content": "box.download",
    "GET /2.0/downloads/{ticket}": "box.content",
    "POST /2/files/list_folder": "dropbox.list_folder",
    "POST /2/files/list_folder/continue": "dropbox.continue",
    "POST /2/files/list_folder/get_latest_cursor": "dropbox.latest_cursor",
    "POST /2/files/list_folder/longpoll": "dropbox.longpoll",
    "POST /2/files/upload": "dropbox.upload",
    "POST /2/files/download": "dropbox.download",
    "POST /2/team_log/get_events": "dropbox.team_log",
    "POST /2/team_log/get_events/continue": "dropbox.team_log_continue",
    "POST /1/delta": "dropbox_v1.delta",
    "POST /1/delta/latest_cursor": "dropbox_v1.latest_cursor",
    "GET /1/longpoll_delta": "dropbox_v1.longpoll",
    "POST /oauth2/token": "oauth.token",
    "POST /api/oauth2/token": "oauth.token",
    "POST /v1/changes": "native.changes",
    "POST /v1/events": "native.events",
}

_FAMILIES = (
    ("/2.0/", "box"),
    ("/api/2.0/", "box"),
    ("/subscribe", "box"),
    ("/2/", "dropbox"),
    ("/1/", "dropbox_v1"),
    ("/v1/", "native"),
)
_UNNAMED = ("/emulator/", "/healthz", "/readyz", "/metrics", "/openapi.json")


class Named(msgspec.Struct, frozen=True):
    """A route: its *name*, or where it has none, its *template* (`GET /2.0/files/{id}`)."""

    name: str
    template: str
    family: str
    errors: ErrorForm

    def matches(self, pattern: str, path: str = "") -> bool:
        """Whether *pattern* means this route: its name, its family, a template or a *path*, with
        `*` for anything."""
        if pattern in (self.name, self.family):
            return True
        method = self.template.partition(" ")[0]
        texts = (self.name, self.template, f"{method} {path}", path)
        return any(fnmatchcase(text, pattern) for text in texts)


class Routes:
    """All routes of the app *whole*, and the *polls* that the front answers, by their paths with
    the methods."""

    def __init__(self, whole: Dialect, polls: Mapping[str, tuple[str, ErrorForm]]) -> None:
        self._whole = whole
        self._polls = {
            path: _named(f"{method} {path}", errors) for path, (method, errors) in polls.items()
        }

    def poll(self, path: str) -> Named:
        """The route of the front at *path*."""
        return self._polls[path]

    def find(self, scope: MutableMapping[str, Any]) -> Named | None:
        """The route of a request; None where it has none, or one without a name."""
        found = _find(self._whole, dict(scope), "")
        if found is None:
            return None
        path, errors = found
        if path.startswith(_UNNAMED):
            return None
        return _named(f"{scope['method']} {path}", errors)

    def all(self) -> Iterator[Named]:
        """Every route that has a name."""
        yield from self._polls.values()
        for template, errors in _every(self._whole, ""):
            if not template.partition(" ")[2].startswith(_UNNAMED):
                yield _named(template, errors)

    def check(self, pattern: str, names: Iterable[str] | None = None) -> None:
        """Raise InvalidRequest unless *pattern* means a route, and one of *names* if they are
        given."""
        every = list(self.all())
        matching = [each for each in every if each.matches(pattern, each.template.split()[1])]
        if not matching and not _is_path(pattern):
            import difflib  # of no use where nobody mistypes

            known = sorted({each.name for each in every} | {each.family for each in every})
            close = difflib.get_close_matches(pattern, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise InvalidRequest(f"no route is called {pattern!r}{hint}", field="route")
        if names is not None and not any(each.name in names for each in matching):
            raise InvalidRequest(f"this is for {', '.join(sorted(names))}", field="route")


def _is_path(pattern: str) -> bool:
    """Whether it is a path of which only the router knows whether there is one."""
    return "/" in pattern and "*" not in pattern


def _named(template: str, errors: ErrorForm) -> Named:
    path = template.partition(" ")[2]
    family = next((name for prefix, name in _FAMILIES if path.startswith(prefix)), "oauth")
    return Named(_NAMES.get(template, template), template, family, errors)


def _find(dialect: Dialect, scope: dict[str, Any], prefix: str) -> tuple[str, ErrorForm] | None:
    for route in dialect.routes:
        match, child = route.matches(scope)
        if match is Match.NONE:
            continue
        path = prefix + _path(route)
        if isinstance(route, Mount) and isinstance(route.app, Dialect):
            return _find(route.app, scope | dict(child), path)
        if match is Match.FULL:
            return path, dialect.errors
    return None


def _every(dialect: Dialect, prefix: str) -> Iterator[tuple[str, ErrorForm]]:
    for route in dialect.routes:
        path = prefix + _path(route)
        if isinstance(route, Mount) and isinstance(route.app, Dialect):
            yield from _every(route.app, path)
        elif isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {path}", dialect.errors


def _path(route: BaseRoute) -> str:
    return str(getattr(route, "path", ""))

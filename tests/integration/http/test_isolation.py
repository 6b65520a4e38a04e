"""Every route, asked by everybody who may not know: not a byte and not a wake-up.

Vic has things with names that stand nowhere else (canaries). Each route is asked for them by each
wrong identity, in every way that `JUDGES` knows. Nothing of Vic's may be in any answer; what
is asked about Vic's things must be answered as if they did not exist; and when Vic's things
change, no answer may change with them, which would tell at least how many there are.

The routes are those of the app itself: one that is not in `JUDGES` fails the test.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import httpx2
import msgspec
import pytest
from starlette.routing import Mount

from tests.integration.http.conftest import Client, World
from tests.integration.http.test_box_contents import Shelf
from wakeful.core.accounts import create_grant, create_token, digest_of, new_token
from wakeful.core.clock import wall_clock
from wakeful.core.credentials import Token, TokenKind
from wakeful.core.events import StreamClass
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import TokenByDigest
from wakeful.core.ports import Store
from wakeful.core.positions import Marker
from wakeful.core.writes import PutToken, Steps
from wakeful.dialects.box import sessions
from wakeful.dialects.dropbox.names import account_id, file_revision
from wakeful.http.app import every_route
from wakeful.http.description import Described
from wakeful.http.dialect import Dialect
from wakeful.stores.memory import MemoryStore

CANARY = "canary"
"""Stands in every name, text and content of Vic's."""


@dataclass(frozen=True)
class Prey:
    """The ids of Vic's things; `none` has as many ids of nothing."""

    user: str
    enterprise: str
    namespace: str
    file: str
    folder: str
    shared: str
    trashed_file: str
    trashed_folder: str
    below_trash: str
    version: str
    session: str
    collaboration: str
    comment: str

    @classmethod
    def none(cls) -> Prey:
        return cls(*(f"9999000{n}" for n, _ in enumerate(fields(cls))))

    def ids(self) -> tuple[str, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Ask:
    """A request for something of Vic's."""

    path: str
    body: Any = None
    form: dict[str, str] | None = None
    files: tuple[tuple[str, Any], ...] = ()
    raw: bytes | None = None


Judge = Callable[[Prey], list[Ask]]

PAGES = ("", "?usemarker=true", "?limit=1", "?fields=name,parent,path_collection,owned_by")


def plain(*paths: str) -> Judge:
    return lambda prey: [Ask(path) for path in paths]


def files(suffix: str = "") -> Judge:
    return lambda prey: [
        Ask(f"/2.0/files/{id}{suffix}")
        for id in (prey.file, prey.shared, prey.trashed_file, prey.below_trash, prey.folder)
    ]


def folders(suffix: str = "") -> Judge:
    return lambda prey: [
        Ask(f"/2.0/folders/{id}{suffix}{page}")
        for id in (prey.folder, prey.trashed_folder, prey.file, prey.namespace)
        for page in PAGES
    ]


def events(prey: Prey) -> list[Ask]:
    return [
        Ask(f"/2.0/events?stream_type={stream}&stream_position={position}")
        for stream in ("all", "changes", "sync", "admin_logs", "admin_logs_streaming")
        for position in ("0", "now", "1099511627777", "1099511999999")
    ]


def users(prey: Prey) -> list[Ask]:
    return [Ask(f"/2.0/users/{id}") for id in ("me", prey.user, prey.file)]


def contents(prey: Prey) -> list[Ask]:
    return [*files("/content")(prey), Ask(f"/2.0/files/{prey.file}/content?version={prey.version}")]


def changes(prey: Prey) -> list[Ask]:
    wishes: list[dict[str, Any]] = [
        {"kind": "rename", "item": prey.file, "name": "taken"},
        {"kind": "upload", "item": prey.file, "size": 7},
        {"kind": "move", "item": prey.file, "parent": "0"},
        {"kind": "copy", "item": prey.file, "parent": "0"},
        {"kind": "trash", "item": prey.folder},
        {"kind": "delete", "item": prey.folder},
        {"kind": "restore", "item": prey.trashed_file},
        {"kind": "upload", "parent": prey.folder, "name": "planted"},
        {"kind": "upload", "path": "/planted", "namespace": prey.namespace},
    ]
    return [Ask("/v1/changes", wish) for wish in wishes]


def told(prey: Prey) -> list[Ask]:
    wishes: list[dict[str, Any]] = [
        {"type": "COMMENT_CREATE", "item": prey.file},
        {"type": "COMMENT_CREATE", "item": prey.file, "audience": [prey.user]},
        {"type": "COMMENT_CREATE", "item": prey.trashed_file, "actor": prey.user},
    ]
    return [Ask("/v1/events", wish) for wish in wishes]


def tokens(prey: Prey) -> list[Ask]:
    return [
        Ask(
            "",
            form={
                "grant_type": "client_credentials",
                "client_id": "nobody",
                "client_secret": "nothing",
                "box_subject_type": "user",
                "box_subject_id": prey.user,
            },
        ),
        Ask(
            "",
            form={
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": "nonsense",
                "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "scope": "item_download",
                "resource": f"https://api.box.com/2.0/files/{prey.file}",
            },
        ),
        Ask("", form={"grant_type": "refresh_token", "refresh_token": "nonsense"}),
    ]


def administered(path: str, *bodies: Any) -> Judge:
    """What only admins of the enterprise do. That a login is taken, anybody's, is no secret: so
    none of Vic's is asked for."""
    return lambda prey: [
        Ask(path.format(user=prey.user, namespace=prey.namespace), body)
        for body in (bodies or (None,))
    ]


def at(path: str, judge: Judge) -> Judge:
    return lambda prey: [replace(ask, path=path) for ask in judge(prey)]


def revoking(prey: Prey) -> list[Ask]:
    return [Ask("", form={"client_id": "nobody", "client_secret": "nothing", "token": "nonsense"})]


def logging_in(prey: Prey) -> list[Ask]:
    return [
        Ask("", form={"do": "login", "login": login, "password": "12345678", "token": "none"})
        for login in ("vic", "nobody", prey.user)
    ]


def pointed(path: str, **more: Any) -> Judge:
    """Everything that Dropbox's functions take for a path."""

    def asks(prey: Prey) -> list[Ask]:
        ids = (prey.file, prey.folder, prey.shared, prey.trashed_file, prey.below_trash)
        named = [
            *(f"id:{id}" for id in ids),
            f"ns:{prey.namespace}",
            f"ns:{prey.namespace}/{CANARY}-shared",
            f"/{CANARY}-docs",
            f"/{CANARY}-team/{CANARY}-shared",
        ]
        return [Ask(path, body={"path": name, **more}) for name in named]

    return asks


def downloaded(prey: Prey) -> list[Ask]:
    return [
        Ask("/2/files/download?arg=" + quote(json.dumps({"path": ask.body["path"]})))
        for ask in pointed("")(prey)
    ]


def each(*judges: Judge) -> Judge:
    return lambda prey: [ask for judge in judges for ask in judge(prey)]


def with_body(path: str, body: Any) -> Judge:
    return lambda prey: [Ask(path, body=body)]


def by_path(path: str, *queries: str) -> Judge:
    """Vic's paths, and the ids, in a URL."""

    def asks(prey: Prey) -> list[Ask]:
        places = (
            f"{CANARY}-docs",
            f"{CANARY}-docs/{CANARY}-file",
            f"{CANARY}-team/{CANARY}-shared",
            f"{CANARY}-trash",
            f"id:{prey.file}",
        )
        return [Ask(f"{path}/{place}{query}") for place in places for query in ("", *queries)]

    return asks


def deltas(path: str, *more: dict[str, str]) -> Judge:
    prefixes = (f"/{CANARY}-docs", f"/{CANARY}-team", f"/{CANARY}-trash")
    forms = ({}, *({"path_prefix": prefix} for prefix in prefixes), *more)
    return lambda prey: [Ask(path, form=form) for form in forms]


def acted(path: str, *bodies: Any) -> Judge:
    """What is done to each of Vic's items, with the id of Vic's folder for a place."""

    def asks(prey: Prey) -> list[Ask]:
        ids = (prey.file, prey.folder, prey.shared, prey.trashed_file, prey.trashed_folder)
        filled = [
            None if body is None else json.loads(json.dumps(body).replace("FOLDER", prey.folder))
            for body in bodies or (None,)
        ]
        return [Ask(path.replace("{id}", id), body) for id in ids for body in filled]

    return asks


def uploads(path: str) -> Judge:
    def asks(prey: Prey) -> list[Ask]:
        attributes = {"name": "planted", "parent": {"id": prey.folder}}
        parts = (("attributes", (None, json.dumps(attributes))), ("file", ("unused", b"planted")))
        return [Ask(path.replace("{id}", prey.file), files=parts)]

    return asks


def session(method: str, suffix: str = "", body: Any = None) -> dict[str, Judge]:
    """What is done to Vic's upload session, at both URLs."""

    def judge(prefix: str) -> Judge:
        path = f"{prefix}/2.0/files/upload_sessions/"
        return lambda prey: [Ask(f"{path}{prey.session}{suffix}", body)]

    route = f"/2.0/files/upload_sessions/{{id}}{suffix}"
    return {f"{method} {prefix}{route}": judge(prefix) for prefix in ("", "/api")}


def written(wrap: Callable[[str], list[Ask]]) -> Judge:
    """Everything of Vic's that something can be written to, by ids: a path is always one's own."""

    def asks(prey: Prey) -> list[Ask]:
        return [
            ask
            for path in (
                f"id:{prey.file}",
                f"id:{prey.shared}",
                f"id:{prey.folder}/planted",
                f"ns:{prey.namespace}/planted",
            )
            for ask in wrap(path)
        ]

    return asks


def function(name: str, **argument: Any) -> Judge:
    """A function of Dropbox's; PATH stands for each path."""

    def asks(path: str) -> list[Ask]:
        return [Ask(f"/2/files/{name}", json.loads(json.dumps(argument).replace("PATH", path)))]

    return written(asks)


def content_function(name: str, **argument: Any) -> Judge:
    """The same, for one whose body is a content."""

    def asks(path: str) -> list[Ask]:
        filled = json.dumps(argument).replace("PATH", path)
        return [Ask(f"/2/files/{name}?arg={quote(filled)}", raw=b"planted")]

    return written(asks)


RELOCATIONS: tuple[dict[str, str], ...] = (
    {"from_path": "PATH", "to_path": "/taken"},
    {"from_path": "/none", "to_path": "PATH"},
)


def relocations(name: str) -> Judge:
    return each(*(function(name, **one) for one in RELOCATIONS))


def batch(name: str) -> Judge:
    return function(name, entries=list(RELOCATIONS))


def put(path: str) -> Judge:
    """A name that nothing can have, below what may be there: a path is always one's own."""
    return lambda prey: [Ask(f"{path}/{CANARY}-docs/a%5Cb", raw=b"planted")]


def fileops(name: str) -> Judge:
    def asks(prey: Prey) -> list[Ask]:
        places = (f"/{CANARY}-docs/{CANARY}-file", f"/{CANARY}-team/{CANARY}-shared", "/a\\b")
        forms = [{"path": place, "from_path": place, "to_path": "/taken"} for place in places]
        return [Ask(f"/1/fileops/{name}", form=form) for form in forms]

    return asks


def rev_of(prey: Prey) -> str:
    """The `rev` of Vic's file."""
    return file_revision(int(prey.file), int(prey.version))


COMMITTED = {"cursor": {"session_id": "none", "offset": 0}, "commit": {"path": "PATH"}}
JOB = {"async_job_id": "none"}


def inviting(prey: Prey) -> list[Ask]:
    """Into each of Vic's things, and Vic into what is none's."""
    items = [
        {"type": kind, "id": id}
        for kind, ids in (
            ("folder", (prey.folder, prey.trashed_folder, prey.file)),
            ("file", (prey.file, prey.shared, prey.trashed_file)),
        )
        for id in ids
    ]
    more = {"accessible_by": {"type": "user", "id": prey.user}, "role": "editor"}
    return [Ask("/2.0/collaborations", {"item": item, **more}) for item in items]


def collaborations(*bodies: Any) -> Judge:
    return lambda prey: [
        Ask(f"/2.0/collaborations/{id}", body)
        for id in (prey.collaboration, prey.namespace, prey.shared)
        for body in bodies or (None,)
    ]


def commenting(prey: Prey) -> list[Ask]:
    items = [
        *({"type": "file", "id": id} for id in (prey.file, prey.shared, prey.trashed_file)),
        {"type": "comment", "id": prey.comment},
    ]
    return [Ask("/2.0/comments", {"item": item, "message": "planted"}) for item in items]


def comments(*bodies: Any) -> Judge:
    return lambda prey: [
        Ask(f"/2.0/comments/{id}", body)
        for id in (prey.comment, prey.file)
        for body in bodies or (None,)
    ]


LINKS = ("/s/none", f"/s/{'A' * 54}")
"""Keys that nobody was given: one of Vic's would be a permission."""

ENTERED = {"do": "open", "password": "12345678", "token": "none"}


def below_links(suffix: str = "") -> Judge:
    return lambda prey: [
        Ask(f"{link}/{id}{suffix}") for link in LINKS for id in (prey.file, prey.folder)
    ]


PLACED = {"name": "planted", "parent": {"id": "FOLDER"}}

SESSION = {"folder_id": "FOLDER", "file_name": "planted", "file_size": 9}

LISTING = "/2/files/list_folder"
TEAM_LOG = "/2/team_log/get_events"

JUDGES: dict[str, Judge] = {
    "POST /2/files/list_folder": each(
        pointed(LISTING),
        with_body(LISTING, {"path": "", "recursive": True, "include_deleted": True}),
    ),
    "POST /2/files/list_folder/continue": with_body(f"{LISTING}/continue", {"cursor": "none"}),
    "POST /2/files/list_folder/get_latest_cursor": pointed(f"{LISTING}/get_latest_cursor"),
    "POST /2/files/get_metadata": pointed("/2/files/get_metadata", include_deleted=True),
    "POST /2/files/get_temporary_link": pointed("/2/files/get_temporary_link"),
    "GET /2/files/download": downloaded,
    "POST /2/files/download": downloaded,
    "POST /2/users/get_current_account": plain("/2/users/get_current_account"),
    "POST /2/users/get_space_usage": plain("/2/users/get_space_usage"),
    "POST /2/team_log/get_events": each(
        with_body(TEAM_LOG, {}),
        lambda prey: [Ask(TEAM_LOG, {"account_id": account_id(int(prey.user))})],
    ),
    "POST /2/team_log/get_events/continue": with_body(f"{TEAM_LOG}/continue", {"cursor": "none"}),
    # With an argument, which it does not take: else it would end the tokens of this test.
    "POST /2/auth/token/revoke": with_body("/2/auth/token/revoke", {"query": "anybody"}),
    "POST /2/check/user": with_body("/2/check/user", {"query": "anybody"}),
    "POST /1/delta": deltas("/1/delta", {"cursor": "none"}),
    "POST /1/delta/latest_cursor": deltas("/1/delta/latest_cursor"),
    # With a body that it does not take: the token is needed for what comes after.
    "POST /1/disable_access_token": with_body("/1/disable_access_token", {"query": "anybody"}),
    "GET /1/account/info": plain("/1/account/info"),
    "GET /1/metadata/{root}": plain("/1/metadata/auto", "/1/metadata/auto?include_deleted=true"),
    "GET /1/metadata/{root}/{path}": by_path("/1/metadata/auto", "?include_deleted=true"),
    "GET /1/files/{root}/{path}": by_path("/1/files/auto"),
    "GET /2.0/events": events,
    "OPTIONS /2.0/events": plain(
        *(f"/2.0/events?stream_type={s}" for s in ("all", "sync", "admin_logs_streaming"))
    ),
    "GET /2.0/users": plain("/2.0/users", "/2.0/users?filter_term=c", "/2.0/users?usemarker=1"),
    "GET /2.0/users/{id}": users,
    "GET /2.0/files/{id}": files(),
    "GET /2.0/files/{id}/trash": files("/trash"),
    "GET /2.0/files/{id}/versions": files("/versions"),
    "GET /2.0/files/{id}/versions/{version}": lambda prey: [
        Ask(f"/2.0/files/{prey.file}/versions/{prey.version}")
    ],
    "POST /2.0/files/{id}/versions/current": lambda prey: [
        Ask(f"/2.0/files/{prey.file}/versions/current", {"id": prey.version})
    ],
    "GET /2.0/files/{id}/content": contents,
    "GET /2.0/downloads/{ticket}": plain("/2.0/downloads/none", f"/2.0/downloads/{'A' * 84}"),
    "GET /2.0/shared_items": plain("/2.0/shared_items"),
    "GET /s/{key}": plain(*LINKS),
    "POST /s/{key}": lambda prey: [Ask(link, form=ENTERED) for link in LINKS],
    "GET /s/{key}/{item}": below_links(),
    "POST /s/{key}/{item}": lambda prey: [
        replace(ask, form=ENTERED) for ask in below_links()(prey)
    ],
    "GET /s/{key}/{item}/content": below_links("/content"),
    "POST /2.0/comments": commenting,
    "GET /2.0/comments/{id}": comments(),
    "PUT /2.0/comments/{id}": comments({"message": "planted"}),
    "DELETE /2.0/comments/{id}": comments(),
    "GET /2.0/files/{id}/comments": files("/comments"),
    "POST /2.0/collaborations": inviting,
    "GET /2.0/collaborations": plain("/2.0/collaborations?status=pending"),
    "GET /2.0/collaborations/{id}": collaborations(),
    "PUT /2.0/collaborations/{id}": collaborations({"role": "editor"}, {"role": "owner"}, {}),
    "DELETE /2.0/collaborations/{id}": collaborations(),
    "GET /2.0/files/{id}/collaborations": files("/collaborations"),
    "GET /2.0/folders/{id}/collaborations": folders("/collaborations"),
    "GET /2.0/folders/trash/items": plain(*(f"/2.0/folders/trash/items{p}" for p in PAGES)),
    "GET /2.0/folders/{id}": folders(),
    "GET /2.0/folders/{id}/items": folders("/items"),
    "GET /2.0/folders/{id}/trash": folders("/trash"),
    "POST /v1/changes": changes,
    "POST /v1/events": told,
    "GET /v1/users": administered("/v1/users"),
    "POST /v1/users": administered("/v1/users", {"login": "two words"}),
    "PATCH /v1/users/{user}": administered(
        "/v1/users/{user}", {"is_disabled": True}, {"is_admin": True}
    ),
    "GET /v1/namespaces": administered("/v1/namespaces"),
    "POST /v1/namespaces": lambda prey: [
        Ask("/v1/namespaces", {"owner": prey.user, "name": "planted"})
    ],
    "GET /v1/namespaces/{namespace}/members": administered("/v1/namespaces/{namespace}/members"),
    "POST /v1/namespaces/{namespace}/members": administered(
        "/v1/namespaces/{namespace}/members", {"user": "bob"}, {"user": "eve"}
    ),
    "DELETE /v1/namespaces/{namespace}/members/{user}": administered(
        "/v1/namespaces/{namespace}/members/{user}"
    ),
    "GET /v1/apps": administered("/v1/apps"),
    "POST /v1/apps": administered("/v1/apps", {"name": ""}),
    "GET /v1/apps/{app}": administered("/v1/apps/{user}"),
    "PATCH /v1/apps/{app}": administered("/v1/apps/{user}", {"is_disabled": True}),
    "DELETE /v1/apps/{app}": administered("/v1/apps/{user}"),
    "POST /v1/apps/{app}/keys": administered("/v1/apps/{user}/keys", {"public_key": "x"}),
    "DELETE /v1/apps/{app}/keys/{kid}": administered("/v1/apps/{user}/keys/x"),
    "POST /v1/apps/{app}/secret": administered("/v1/apps/{user}/secret"),
    "GET /v1/tokens": administered("/v1/tokens"),
    "POST /v1/tokens": lambda prey: [Ask("/v1/tokens", {"user": prey.user})],
    "DELETE /v1/tokens/{token}": administered("/v1/tokens/{user}"),
    "POST /oauth2/token": at("/oauth2/token", tokens),
    "POST /oauth2/revoke": at("/oauth2/revoke", revoking),
    "POST /api/oauth2/token": at("/api/oauth2/token", tokens),
    "POST /1/oauth2/token": at("/1/oauth2/token", tokens),
    "POST /1/oauth2/revoke": at("/1/oauth2/revoke", revoking),
    **{
        f"{method} {prefix}/oauth2/authorize": at(
            f"{prefix}/oauth2/authorize?client_id=nobody&response_type=code", judge
        )
        for prefix in ("", "/1", "/api")
        for method, judge in (("GET", plain("")), ("POST", logging_in))
    },
    "POST /api/oauth2/revoke": at("/api/oauth2/revoke", revoking),
    "GET /healthz": plain("/healthz"),
    "GET /readyz": plain("/readyz"),
    "GET /metrics": plain("/metrics"),
    "GET /openapi.json": plain("/openapi.json"),
    # What changes something comes last: when Vic asks, it happens.
    "POST /2.0/folders": acted("/2.0/folders", PLACED),
    "PUT /2.0/folders/{id}": acted("/2.0/folders/{id}", {"name": "taken"}, {}, PLACED),
    "POST /2.0/folders/{id}/copy": acted("/2.0/folders/{id}/copy", PLACED),
    "PUT /2.0/files/{id}": acted("/2.0/files/{id}", {"name": "taken"}, {}, PLACED),
    "POST /2.0/files/{id}/copy": acted("/2.0/files/{id}/copy", PLACED),
    "OPTIONS /2.0/files/content": acted("/2.0/files/content", PLACED),
    "OPTIONS /2.0/files/{id}/content": acted("/2.0/files/{id}/content", {}, PLACED),
    "POST /2.0/files/content": uploads("/2.0/files/content"),
    "POST /2.0/files/{id}/content": uploads("/2.0/files/{id}/content"),
    "POST /api/2.0/files/content": uploads("/api/2.0/files/content"),
    "POST /api/2.0/files/{id}/content": uploads("/api/2.0/files/{id}/content"),
    "POST /2.0/files/upload_sessions": acted("/2.0/files/upload_sessions", SESSION),
    "POST /api/2.0/files/upload_sessions": acted("/api/2.0/files/upload_sessions", SESSION),
    "POST /2.0/files/{id}/upload_sessions": acted("/2.0/files/{id}/upload_sessions", SESSION),
    "POST /api/2.0/files/{id}/upload_sessions": acted(
        "/api/2.0/files/{id}/upload_sessions", SESSION
    ),
    **session("GET"),
    **session("GET", "/parts"),
    **session("POST", "/plan", {"parts": []}),
    **session("PUT"),
    **session("POST", "/commit", {}),
    **session("DELETE"),
    "POST /2/files/list_revisions": each(
        pointed("/2/files/list_revisions"),
        lambda prey: [
            Ask("/2/files/list_revisions", {"path": "/taken", "before_rev": rev_of(prey)}),
        ],
    ),
    "POST /2/files/restore": lambda prey: [
        Ask("/2/files/restore", {"path": "/taken", "rev": rev_of(prey)}),
        Ask("/2/files/restore", {"path": f"ns:{prey.namespace}/taken", "rev": rev_of(prey)}),
    ],
    "GET /1/revisions/{root}/{path}": by_path("/1/revisions/auto"),
    "POST /1/restore/{root}/{path}": lambda prey: [
        Ask("/1/restore/auto/taken", form={"rev": rev_of(prey)})
    ],
    "POST /2/files/upload": content_function("upload", path="PATH"),
    "POST /2/files/upload_session/start": content_function("upload_session/start"),
    "POST /2/files/upload_session/start_batch": function(
        "upload_session/start_batch", num_sessions=1
    ),
    "POST /2/files/upload_session/append_v2": content_function(
        "upload_session/append_v2", cursor={"session_id": "PATH", "offset": 0}
    ),
    "POST /2/files/upload_session/append": content_function(
        "upload_session/append", session_id="PATH", offset=0
    ),
    "POST /2/files/upload_session/finish": content_function("upload_session/finish", **COMMITTED),
    "POST /2/files/upload_session/finish_batch_v2": function(
        "upload_session/finish_batch_v2", entries=[COMMITTED]
    ),
    "POST /2/files/upload_session/finish_batch": function(
        "upload_session/finish_batch", entries=[COMMITTED]
    ),
    "POST /2/files/create_folder_v2": function("create_folder_v2", path="PATH"),
    "POST /2/files/create_folder": function("create_folder", path="PATH"),
    "POST /2/files/create_folder_batch": function("create_folder_batch", paths=["PATH"]),
    **{
        f"POST /2/files/{name}": relocations(name)
        for name in ("copy_v2", "copy", "move_v2", "move")
    },
    "POST /2/files/copy_batch_v2": batch("copy_batch_v2"),
    "POST /2/files/move_batch_v2": batch("move_batch_v2"),
    "POST /2/files/delete_v2": function("delete_v2", path="PATH"),
    "POST /2/files/delete": function("delete", path="PATH"),
    "POST /2/files/delete_batch": function("delete_batch", entries=[{"path": "PATH"}]),
    "POST /2/files/permanently_delete": function("permanently_delete", path="PATH"),
    **{
        f"POST /2/files/{name}": with_body(f"/2/files/{name}", JOB)
        for name in (
            "create_folder_batch/check",
            "move_batch/check_v2",
            "copy_batch/check_v2",
            "delete_batch/check",
            "upload_session/finish_batch/check",
        )
    },
    "PUT /1/files_put/{root}/{path}": put("/1/files_put/auto"),
    "POST /1/files_put/{root}/{path}": put("/1/files_put/auto"),
    "PUT /1/chunked_upload": lambda prey: [
        Ask(f"/1/chunked_upload?upload_id={prey.file}&offset=0", raw=b"planted")
    ],
    "POST /1/commit_chunked_upload/{root}/{path}": lambda prey: [
        Ask("/1/commit_chunked_upload/auto/taken", form={"upload_id": prey.file})
    ],
    "POST /1/fileops/create_folder": lambda prey: [
        Ask("/1/fileops/create_folder", form={"path": f"/{CANARY}-docs/a\\b"})
    ],
    **{f"POST /1/fileops/{name}": fileops(name) for name in ("copy", "move", "delete")},
    "POST /2.0/folders/{id}": acted("/2.0/folders/{id}", {}, PLACED),
    "POST /2.0/files/{id}": acted("/2.0/files/{id}", {}, PLACED),
    "DELETE /2.0/files/{id}": acted("/2.0/files/{id}"),
    "DELETE /2.0/folders/{id}": acted("/2.0/folders/{id}?recursive=true"),
    "DELETE /2.0/files/{id}/trash": acted("/2.0/files/{id}/trash"),
    "DELETE /2.0/folders/{id}/trash": acted("/2.0/folders/{id}/trash"),
}
"""How each route is asked for what is Vic's: with the ids in `Prey`, in each place that takes one.
The realtime poll, which the front answers, is asked in
`test_p7_no_poll_of_others_is_woken_by_what_is_not_theirs`."""

COUNTING = {"GET /metrics"}
"""What tells numbers of the server as a whole, to operators: the answers may change."""


def routes_of(dialect: Dialect, prefix: str = "") -> Iterator[tuple[str, Described]]:
    for route in dialect.routes:
        if isinstance(route, Mount):
            assert isinstance(route.app, Dialect)
            yield from routes_of(route.app, prefix + route.path)
        else:
            assert isinstance(route, Described), f"{route!r} does not describe itself"
            yield prefix + route.path, route


def operations() -> dict[str, bool]:
    """Every method of every route, and whether it needs no token.

    Those of the emulator take the token of its server and no other; acceptance tests show it.
    """
    found = {}
    for path, route in routes_of(every_route(Mock(emulation=None))):
        for method, operation in route.operations.items():
            found[f"{method} {re.sub(r':[a-z]+}', '}', path)}"] = operation.is_open
    return found


OPERATIONS = operations()


def test_every_route_has_a_judge() -> None:
    unknown = [name for name in OPERATIONS if name not in JUDGES]
    assert not unknown, (
        f"{unknown}: say in JUDGES of {__file__} how this route is asked for what is another user's"
    )
    assert set(JUDGES) <= set(OPERATIONS), "a judge of a route that is gone"


# --- who asks ---


@dataclass
class Asker:
    """Somebody, by how they come."""

    client: Client
    headers: dict[str, str]
    is_nobody: bool = False  # the token is none, or not any more

    async def ask(self, name: str, ask: Ask) -> httpx2.Response:
        method = name.partition(" ")[0]
        options: dict[str, Any] = {}
        headers = dict(self.headers)
        if ask.raw is not None:
            options["content"] = ask.raw
            headers["Content-Type"] = "application/octet-stream"
        elif ask.files:
            options["files"] = list(ask.files)
        elif ask.form is not None:
            options["data"] = ask.form
        elif ask.body is not None:
            options["json"] = ask.body
        return await self.client.ask(method, ask.path, headers=headers, **options)


def put_token(template: Token, text: str, **changed: Any) -> Callable[[int], Steps[None]]:
    def steps(now: int) -> Steps[None]:
        fresh: int = yield NewIds()
        yield PutToken(
            msgspec.structs.replace(template, id=fresh, digest=digest_of(text), **changed)
        )

    return steps


class Place:
    """Vic and the others."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vic: Client
        self.prey: Prey
        self.opened: str

    async def settle(self) -> None:
        world = self.world
        ours = world.bob.user.enterprise if world.bob.user else 0
        shelf = Shelf(**{f"{CANARY}-{n}": CANARY.encode() for n in ("file", "shared", "trash")})
        world.services = msgspec.structs.replace(world.services, contents=shelf)
        self.vic = await world.join(ours, f"{CANARY}-vic")
        self.dan = await world.join(ours, "dan", is_admin=True)
        vic, user = self.vic, self.vic.user
        assert user is not None
        team = await world.shared(vic, f"{CANARY}-team")
        made = {
            "file": await vic.made(kind="upload", path=f"/{CANARY}-docs/{CANARY}-file", size=6),
            "shared": await vic.made(kind="upload", path=f"/{CANARY}-team/{CANARY}-shared"),
            "trashed_file": await vic.made(kind="upload", path=f"/{CANARY}-trash"),
            "below_trash": await vic.made(kind="upload", path=f"/{CANARY}-bin/{CANARY}-below"),
        }
        self.opened = await vic.made(kind="create_folder", path=f"/{CANARY}-above/open")
        listed = (await vic.get("/2.0/folders/0/items"))["entries"]
        by_name = {entry["name"]: entry["id"] for entry in listed}
        await vic.publish(
            {"kind": "trash", "item": made["trashed_file"]},
            {"kind": "trash", "item": by_name[f"{CANARY}-bin"]},
        )
        await vic.tell({"type": "COMMENT_CREATE", "source": {"message": CANARY}})
        read = await vic.get(f"/2.0/files/{made['file']}")
        wanted = sessions.wanted(9, f"{CANARY}-parts", parent=int(by_name[f"{CANARY}-docs"]))
        note = sessions.note_of(wanted)
        draft = await world.services.drafts.begin(user.id, note, wall_clock())
        pal = await world.join(ours, f"{CANARY}-pal")
        shared = {"type": "folder", "id": str(team.root)}
        wish = {"item": shared, "accessible_by": {"id": str(pal.id)}, "role": "viewer"}
        answer = await vic.ask("POST", "/2.0/collaborations", json=wish)
        collaboration = answer.json()
        remark = {"item": {"type": "file", "id": made["file"]}, "message": CANARY}
        said = await vic.ask("POST", "/2.0/comments", json=remark)
        self.prey = Prey(
            user=str(user.id),
            enterprise=str(user.enterprise),
            namespace=str(team.id),
            folder=by_name[f"{CANARY}-docs"],
            trashed_folder=by_name[f"{CANARY}-bin"],
            version=read["file_version"]["id"],
            session=draft.id,
            collaboration=collaboration["id"],
            comment=said.json()["id"],
            **made,
        )

    async def change(self) -> None:
        """All that can happen to Vic's things, that others could notice."""
        prey, vic = self.prey, self.vic
        await vic.publish(
            {"kind": "rename", "item": prey.file, "name": f"{CANARY}-renamed"},
            {"kind": "upload", "item": prey.file, "size": 9},
            {"kind": "upload", "path": f"/{CANARY}-new/{CANARY}-more", "size": 9},
            {"kind": "move", "item": prey.shared, "parent": prey.folder},
            {"kind": "restore", "item": prey.trashed_file},
            {"kind": "trash", "item": prey.folder},
        )
        await vic.tell(*[{"type": "COMMENT_CREATE", "source": {"message": CANARY}}] * 3)
        await vic.ask("PUT", f"/2.0/comments/{prey.comment}", json={"message": f"{CANARY}!"})

    async def asker(self, name: str) -> Asker:
        asker: Asker = await getattr(self, f"_{name}")()
        return asker

    # --- without a token that is worth anything ---

    async def _no_token(self) -> Asker:
        return Asker(await self.world.client(None), {}, is_nobody=True)

    async def _garbage_token(self) -> Asker:
        return Asker(await self.world.client("garbage"), {}, is_nobody=True)

    async def _revoked_token(self) -> Asker:
        token = await self._own_token()
        await self.world.access.revoke_token((await self.world.access.identify(token)).token)
        return Asker(await self.world.client(token), {}, is_nobody=True)

    async def _revoked_grant(self) -> Asker:
        token = await self._own_token()
        await self.world.access.revoke_grant((await self.world.access.identify(token)).grant)
        return Asker(await self.world.client(token), {}, is_nobody=True)

    async def _expired_token(self) -> Asker:
        template = await self._template()
        text = new_token()
        expired = put_token(template, text, expires_at=wall_clock() - 1)
        await self.world.store.commit(expired)
        return Asker(await self.world.client(text), {}, is_nobody=True)

    async def _refresh_token(self) -> Asker:
        template = await self._template()
        text = new_token()
        await self.world.store.commit(put_token(template, text, kind=TokenKind.REFRESH))
        return Asker(await self.world.client(text), {}, is_nobody=True)

    # --- with a token of Vic's that is worth less ---

    async def _missing_scope(self) -> Asker:
        return Asker(await self.world.client(await self._own_token(("manage_webhook",))), {})

    async def _restricted_to_another_folder(self) -> Asker:
        template = await self._template()
        text = new_token()
        scopes = ("base_explorer", "item_download")
        narrow = put_token(template, text, item=int(self.opened), scopes=scopes)
        await self.world.store.commit(narrow)
        return Asker(await self.world.client(text), {})

    # --- somebody else ---

    async def _another_user(self) -> Asker:
        return Asker(await self._with_shelf(self.world.bob), {})

    async def _another_user_as_vic(self) -> Asker:
        return Asker(await self._with_shelf(self.world.bob), {"As-User": self.prey.user})

    async def _admin_of_another_enterprise(self) -> Asker:
        return Asker(await self._with_shelf(self.world.eve), {})

    async def _admin_of_another_enterprise_as_vic(self) -> Asker:
        return Asker(await self._with_shelf(self.world.eve), {"As-User": self.prey.user})

    async def _admin_without_scopes(self) -> Asker:
        return Asker(await self._plain_admin(), {})

    async def _admin_without_scopes_as_vic(self) -> Asker:
        return Asker(await self._plain_admin(), {"As-User": self.prey.user})

    # --- tools ---

    async def _with_shelf(self, client: Client) -> Client:
        return await self.world.client(client.token, client.user)

    async def _plain_admin(self) -> Client:
        assert self.dan.user is not None
        token = await self.world.token(self.dan.user, ("root_readwrite",))
        return await self.world.client(token, self.dan.user)

    async def _own_token(self, scopes: tuple[str, ...] = ("root_readwrite",)) -> str:
        text = new_token()
        grant = await self.world.store.commit(create_grant(self.vic.id, "isolation", scopes))
        await self.world.store.commit(create_token(grant.id, digest_of(text)))
        return text

    async def _template(self) -> Token:
        token = await self.world.store.ask(TokenByDigest(digest_of(await self._own_token())))
        assert token is not None
        return token


ASKERS = (
    "no_token",
    "garbage_token",
    "revoked_token",
    "revoked_grant",
    "expired_token",
    "refresh_token",
    "missing_scope",
    "restricted_to_another_folder",
    "another_user",
    "another_user_as_vic",
    "admin_of_another_enterprise",
    "admin_of_another_enterprise_as_vic",
    "admin_without_scopes",
    "admin_without_scopes_as_vic",
)
"""The methods of Place that make them, without the underscore."""

VICS_OWN = {"missing_scope", "restricted_to_another_folder"}
"""These are Vic, who may know who they are."""

VICS_ACCOUNT = ("GET /2.0/users/{id}", "POST /2/users", "GET /1/account")
"""The beginnings of what says so."""


@pytest.fixture
async def store() -> Any:
    """One store is enough: what is refused does not reach it, or the rules refuse it."""
    store: Store = MemoryStore()
    yield store
    await store.close()


@pytest.fixture
async def place(world: World) -> Place:
    place = Place(world)
    await place.settle()
    return place


# A position by event time may be the present second.
_VOLATILE = re.compile(
    r'"request_id":"[^"]*"|"session_ids?":\[?"\w+"|'
    r'(?:channel|enterprise)=[\w-]+|nonce=[\w-]+|position": ?"?[0-9]{12}\b'
)


def seen(answer: httpx2.Response, ask: Ask, prey: Prey) -> str:
    """All of an answer but what differs each time, and the ids that were asked for."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name
        not in (
            "box-request-id",
            "x-dropbox-request-id",
            "date",
            "content-length",
            "wakeful-complete-until",
        )
    }
    text = f"{answer.status_code} {json.dumps(headers)} {answer.text}"
    text = _VOLATILE.sub("", text)
    asked = repr(ask)
    for id in prey.ids():
        if re.search(rf"\b{id}\b", asked):
            text = re.sub(rf"\b{id}\b", "?", text)
    return text


async def walk(asker: Asker, prey: Prey) -> dict[str, str]:
    found = {}
    for name in JUDGES:
        for number, ask in enumerate(JUDGES[name](prey)):
            answer = await asker.ask(name, ask)
            found[f"{name} [{number}]"] = seen(answer, ask, prey)
            if asker.is_nobody and not OPERATIONS[name]:
                assert answer.status_code == 401, name
                # Box's SDKs want none.
                has_body = any(f" /{version}/" in name for version in ("v1", "1", "2"))
                assert not answer.content or has_body, name
    return found


@pytest.mark.parametrize("who", ASKERS)
async def test_p7_whoever_may_not_know_is_told_nothing(place: Place, who: str) -> None:
    asker = await place.asker(who)
    before = await whole_view(place.vic)

    answers = await walk(asker, place.prey)

    assert await whole_view(place.vic) == before, "something of Vic's was changed"
    own = set(VICS_ACCOUNT) if who in VICS_OWN else set()
    for name, text in answers.items():
        if not any(name.startswith(route) for route in own):
            assert CANARY not in text.lower(), name
    # What exists is told from what does not by nothing.
    of_nothing = await walk(asker, Prey.none())
    for name, text in answers.items():
        if not any(name.startswith(route) for route in own | COUNTING):
            assert text == of_nothing[name], name
    # Nor is anything told by how answers change.
    await place.change()
    for name, text in (await walk(asker, place.prey)).items():
        if not any(name.startswith(route) for route in own | COUNTING):
            assert text == answers[name], name


async def whole_view(client: Client) -> list[Any]:
    return [
        await client.get("/2.0/events", limit=500),
        await client.get("/2.0/folders/0", limit=1000),
        await client.get("/2.0/folders/trash/items", limit=1000),
    ]


async def test_the_walk_would_find_what_is_told(place: Place) -> None:
    """Vic's own token is told everything: the canaries are where the judges look."""
    answers = await walk(Asker(place.vic, {}), place.prey)

    telling = {name.partition(" [")[0] for name, text in answers.items() if CANARY in text.lower()}
    assert {
        "GET /2.0/events",
        "GET /2.0/users/{id}",
        "GET /2.0/files/{id}",
        "GET /2.0/files/{id}/trash",
        "GET /2.0/folders/trash/items",
        "GET /2.0/folders/{id}",
        "GET /2.0/folders/{id}/items",
        "GET /2.0/folders/{id}/trash",
        "POST /2/files/list_folder",
        "POST /2/files/get_metadata",
        "GET /2/files/download",
        "POST /2/users/get_current_account",
        "POST /1/delta",
        "GET /1/account/info",
        "GET /1/metadata/{root}",
        "GET /1/metadata/{root}/{path}",
        "GET /1/files/{root}/{path}",
    } <= telling
    statuses = {text[:3] for name, text in answers.items() if "/content" in name}
    assert "302" in statuses


async def test_p7_a_restricted_token_is_not_told_the_names_above(place: Place) -> None:
    file = await place.vic.made(kind="upload", parent=place.opened, name="plain.txt")
    asker = await place.asker("restricted_to_another_folder")

    for path in (f"folders/{place.opened}", f"folders/{place.opened}/items", f"files/{file}"):
        answer = await asker.client.get(f"/2.0/{path}", fields="name,path_collection,parent")
        assert CANARY not in str(answer), path
    read = await asker.client.get(f"/2.0/files/{file}")
    names = [folder["name"] for folder in read["path_collection"]["entries"]]
    assert names == ["All Files", "open"]
    assert read["parent"]["id"] == place.opened


class Ear:
    """Somebody who waits on a stream."""

    after: int

    def __init__(self, stream: int, cls: StreamClass) -> None:
        self.stream = stream
        self.cls: int = cls
        self.is_woken = False

    def wake(self, since: float) -> None:
        self.is_woken = True


async def test_p7_no_poll_of_others_is_woken_by_what_is_not_theirs(place: Place) -> None:
    world = place.world
    assert world.eve.user is not None
    assert place.vic.user is not None
    streams = (world.bob.id, world.eve.id, place.dan.id, world.eve.user.enterprise)
    ears = [Ear(stream, cls) for stream in streams for cls in StreamClass]
    mine = [Ear(stream, StreamClass.ALL) for stream in (place.vic.id, place.vic.user.enterprise)]
    for ear in (*ears, *mine):
        world.feed.wait(ear, Marker.NOW)
    await turns()

    await place.change()
    await world.feed.look_again()
    await turns()

    assert all(ear.is_woken for ear in mine)
    assert not any(ear.is_woken for ear in ears)
    assert world.feed.waiting == len(ears)
    for ear in ears:
        world.feed.leave(ear)


async def turns() -> None:
    """Let everything that is due on the loop have its turn: this store waits for nothing else."""
    for _ in range(100):
        await asyncio.sleep(0)

"""Whatever is asked of the real server that makes no sense: it says so in the form of the dialect,
nothing changes, nothing is told, and nothing stays on the disk."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPResponse
from typing import Any

import pytest

from tests.box_answers import check_answer
from tests.disk import all_below
from tests.readers import Json, Reader
from tests.servers import Server, eventually, running

pytestmark = pytest.mark.acceptance

CONTENT = b"what is there already"
SHA1 = hashlib.sha1(CONTENT).hexdigest()
MOST = 100_000
QUOTA = 50_000
JSON = "application/json"
TOO_MUCH = ("path/insufficient_space", "payload_too_large")
FORM = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Things:
    """What is in the home: `file` in `folder`, `other` beside them, `below` in `folder`."""

    file: str
    folder: str
    below: str
    other: str

    def fill(self, text: str) -> str:
        for name in ("file", "folder", "below", "other"):
            text = text.replace(f"<{name}>", getattr(self, name))
        return text


@dataclass(frozen=True)
class Case:
    """A request as it goes over the wire. `length` is what it says that the body has, where that is
    not true; then the connection is closed for sending once the body went."""

    name: str
    method: str
    target: str
    status: int | tuple[int, ...]
    code: str | tuple[str, ...] = ""
    body: bytes | str = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


def part(name: str, data: bytes | str, *, file: str | None = None) -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    raw = data if isinstance(data, bytes) else data.encode()
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + raw + b"\r\n"


END = b"--b--\r\n"
ATTRIBUTES = part("attributes", '{"name": "new", "parent": {"id": "0"}}')
FILE = part("file", CONTENT, file="new")


def named(name: Any) -> str:
    return json.dumps(name)


INVALID = (400, "item_name_invalid")
SHAPE = (400, "bad_request")

NAMES: dict[str, tuple[str, tuple[int, str]]] = {
    "empty": (named(""), INVALID),
    "dot": (named("."), INVALID),
    "two dots": (named(".."), INVALID),
    "a path up": (named("../../etc/passwd"), INVALID),
    "a slash": (named("a/b"), INVALID),
    "an absolute path": (named("/etc/passwd"), INVALID),
    "a backslash": (named("..\\..\\boot.ini"), INVALID),
    "NUL": (named("a\0b"), INVALID),
    "a line break": (named("a\nb"), INVALID),
    "DEL": (named("a\x7f"), INVALID),
    "a blank before": (named(" a"), INVALID),
    "a blank behind": (named("a "), INVALID),
    "only blanks": (named("   "), INVALID),
    "256 characters": (named("x" * 256), (400, "item_name_too_long")),
    "255 characters of two bytes": (named("é" * 255), (400, "item_name_too_long")),
    "a megabyte": (named("x" * 1_000_000), (400, "item_name_too_long")),
    "half a character": ('"\\ud800"', (400, "bad_request|item_name_invalid")),
    "no text": ("7", SHAPE),
    "a list": ('["a"]', SHAPE),
    "an object": ('{"a": 1}', SHAPE),
}
"""What nothing can be called, as JSON, with what is said of it. A form that is too large otherwise
is not read for its name."""


def naming() -> Iterator[Case]:
    for what, (name, (status, code)) in NAMES.items():
        codes = tuple(code.split("|"))
        create = f'{{"name": {name}, "parent": {{"id": "0"}}}}'
        yield Case(f"folder: {what}", "POST", "/2.0/folders", status, codes, create)
        rename = f'{{"name": {name}}}'
        yield Case(f"rename: {what}", "PUT", "/2.0/files/<file>", status, codes, rename)
        yield Case(f"rename folder: {what}", "PUT", "/2.0/folders/<folder>", status, codes, rename)
        copy = f'{{"name": {name}, "parent": {{"id": "0"}}}}'
        yield Case(f"copy: {what}", "POST", "/2.0/files/<file>/copy", status, codes, copy)
        session = f'{{"file_name": {name}, "folder_id": "0", "file_size": 9}}'
        url = "/2.0/files/upload_sessions"
        yield Case(f"session: {what}", "POST", url, status, codes, session)
        check = f'{{"name": {name}, "parent": {{"id": "0"}}, "size": 5}}'
        yield Case(f"check: {what}", "OPTIONS", "/2.0/files/content", status, codes, check)
        large = len(name) > 60_000
        form = part("attributes", create) + FILE + END
        yield Case(
            f"upload: {what}",
            "POST",
            "/2.0/files/content",
            413 if large else status,
            "request_entity_too_large" if large else codes,
            form,
            FORM,
        )


def bodies() -> Iterator[Case]:
    """What is no JSON of the form that is asked for, wherever JSON is read."""
    routes = (
        ("POST", "/2.0/folders"),
        ("PUT", "/2.0/folders/<folder>"),
        ("POST", "/2.0/folders/<folder>/copy"),
        ("PUT", "/2.0/files/<file>"),
        ("POST", "/2.0/files/<file>/copy"),
        ("POST", "/2.0/files/upload_sessions"),
        ("POST", "/2.0/files/<file>/upload_sessions"),
        ("OPTIONS", "/2.0/files/content"),
    )
    wrong: dict[str, bytes] = {
        "half an object": b'{"name": "a"',
        "a list": b"[]",
        "a number": b"7",
        "text": b"name=a",
        "no UTF-8": b'{"name": "\xff\xfe", "parent": {"id": "0"}}',
        "an overlong NUL": b'{"name": "a\xc0\x80", "parent": {"id": "0"}}',
        "UTF-16": '{"name": "a"}'.encode("utf-16"),
        "a parent that is text": b'{"name": "a", "parent": "0", "file_size": "9"}',
        "very deep": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "something behind it": b'{"name": "a", "parent": {"id": "0"}} {}',
    }
    for method, target in routes:
        for what, body in wrong.items():
            yield Case(f"{method} {target}: {what}", method, target, *SHAPE, body)
        yield Case(
            f"{method} {target}: too long",
            method,
            target,
            413,
            "request_entity_too_large",
            b'{"name": "' + b"x" * (9 << 20) + b'"}',
        )


def forms() -> Iterator[Case]:
    """Uploads that are no upload."""
    for target, whole in (
        ("/2.0/files/content", ATTRIBUTES + FILE),
        ("/2.0/files/<file>/content", FILE),
        ("/api/2.0/files/content", ATTRIBUTES + FILE),
    ):

        def case(
            what: str,
            status: int | tuple[int, ...],
            code: str | tuple[str, ...],
            body: bytes,
            target: str = target,
            **more: Any,
        ) -> Case:
            kind = more.pop("kind", FORM)
            return Case(f"{target}: {what}", "POST", target, status, code, body, kind, **more)

        yield case("no form", *SHAPE, whole + END, kind=JSON)
        yield case("no boundary", *SHAPE, whole + END, kind="multipart/form-data")
        yield case("another boundary", *SHAPE, whole + END, kind=FORM.replace("=b", "=c"))
        yield case("no file", *SHAPE, ATTRIBUTES + END)
        yield case("nothing", *SHAPE, b"")
        yield case("no last boundary", *SHAPE, whole)
        yield case("half a last boundary", *SHAPE, whole + b"--b")
        yield case("half the file", *SHAPE, whole[:-9])
        yield case("two files", *SHAPE, whole + part("more", b"x", file="x") + END)
        yield case(
            "attributes behind the file",
            400,
            "metadata_after_file_contents",
            whole + ATTRIBUTES + END,
        )
        yield case(
            "a wrong hash",
            400,
            "bad_digest",
            whole + END,
            headers={"Content-MD5": "0" * 40},
        )
        yield case(
            "no hash",
            400,
            "bad_digest",
            whole + END,
            headers={"Content-MD5": base64.b64encode(b"x" * 16).decode()},
        )
        large = part("file", b"x" * (MOST + 1), file="x")
        yield case("too large", 413, "request_entity_too_large", whole.replace(FILE, large) + END)
        over = part("file", b"x" * (QUOTA + 1), file="x")
        yield case(
            "beyond the quota", 403, "storage_limit_exceeded", whole.replace(FILE, over) + END
        )
        yield case(
            "a huge part beside it",
            413,
            "request_entity_too_large",
            part("note", b"x" * (2 << 20)) + whole + END,
        )
        yield case(
            "a huge header of a part",
            (400, 413),
            ("bad_request", "request_entity_too_large"),
            b"--b\r\nX-Note: " + b"x" * (2 << 20) + b"\r\n\r\n\r\n" + whole + END,
        )
        yield case("attributes twice", *SHAPE, part("attributes", "{}") + ATTRIBUTES + FILE + END)
        yield case("attributes that are no JSON", *SHAPE, part("attributes", "{") + FILE + END)
        yield case("attributes not in UTF-8", *SHAPE, part("attributes", b'{"name":"\xff"}') + FILE)
    form = ATTRIBUTES + FILE + END
    yield Case(
        "the file first",
        "POST",
        "/2.0/files/content",
        400,
        "metadata_after_file_contents",
        FILE + ATTRIBUTES + END,
        FORM,
    )
    yield Case(
        "a folder that is a file",
        "POST",
        "/2.0/files/content",
        404,
        "not_found",
        form.replace(b'"0"', b'"<file>"'),
        FORM,
    )
    yield Case(
        "a name that is taken",
        "POST",
        "/2.0/files/content",
        409,
        "item_name_in_use",
        form.replace(b'"new"}', b'"other"}').replace(b'"name": "new"', b'"name": "other"'),
        FORM,
    )


def breaking() -> Iterator[Case]:
    """Bodies that end before their length: nobody is there to be answered."""
    form = ATTRIBUTES + FILE + END
    for target in ("/2.0/files/content", "/api/2.0/files/content"):
        for cut in (10, len(ATTRIBUTES) + 70, len(form) - 12, len(form) - 3, len(form)):
            yield Case(
                f"{target}: {cut} bytes of more",
                "POST",
                target,
                (0, 400),
                "",
                form[:cut],
                FORM,
                length=len(form) + 1_000,
            )
    yield Case(
        "half a new version",
        "POST",
        "/2.0/files/<file>/content",
        (0, 400),
        "",
        FILE[:-5],
        FORM,
        length=5_000,
    )
    for target in ("/2.0/folders", "/2.0/files/upload_sessions"):
        yield Case(f"{target}: half a body", "POST", target, (0, 400), "", b'{"name"', length=200)


def targets() -> Iterator[Case]:
    """Ids and paths that lead elsewhere."""
    tricks = {
        "two dots": "..",
        "encoded dots": "%2e%2e",
        "an encoded path": "..%2f..%2fetc%2fpasswd",
        "a NUL": "1%00",
        "a backslash": "..%5c1",
        "no UTF-8": "%ff%fe",
        "half an escape": "%2",
        "a blank": "%201001",
        "a sign": "-1001",
        "a fraction": "1001.0",
        "other digits": "%D9%A1%D9%A0%D9%A0%D9%A1",
        "many digits": "9" * 4_000,
        "hex": "0x3e9",
        "a query": "1001%3Frecursive=true",
    }
    for what, id in tricks.items():
        for method, target, body in (
            ("PUT", f"/2.0/files/{id}", '{"name": "a"}'),
            ("DELETE", f"/2.0/files/{id}", ""),
            ("DELETE", f"/2.0/folders/{id}?recursive=true", ""),
            ("POST", f"/2.0/folders/{id}/copy", '{"parent": {"id": "0"}}'),
            ("DELETE", f"/2.0/files/{id}/trash", ""),
            ("DELETE", f"/2.0/files/upload_sessions/{id}", ""),
            ("GET", f"/2.0/files/{id}/content", ""),
        ):
            yield Case(f"{method} {target[:40]}: {what}", method, target, (400, 404, 405), "", body)
        yield Case(
            f"into: {what}",
            "POST",
            "/2.0/folders",
            404,
            "not_found",
            json.dumps({"name": "a", "parent": {"id": id}}),
        )


def moves() -> Iterator[Case]:
    """What cannot be where it is to be."""
    folder = "/2.0/folders/<folder>"
    cyclical = (400, "cyclical_folder_structure")
    forbidden = (403, "access_denied_insufficient_permissions")
    yield Case("into itself", "PUT", folder, *cyclical, '{"parent": {"id": "<folder>"}}')
    yield Case("below itself", "PUT", folder, *cyclical, '{"parent": {"id": "<below>"}}')
    yield Case(
        "copy into itself", "POST", f"{folder}/copy", *cyclical, '{"parent": {"id": "<below>"}}'
    )
    yield Case("the root", "PUT", "/2.0/folders/0", *forbidden, '{"name": "a"}')
    yield Case("delete the root", "DELETE", "/2.0/folders/0?recursive=true", *forbidden)
    yield Case(
        "copy the root",
        "POST",
        "/2.0/folders/0/copy",
        *forbidden,
        '{"parent": {"id": "<folder>"}, "name": "a"}',
    )
    yield Case("into a file", "PUT", folder, 404, "not_found", '{"parent": {"id": "<file>"}}')
    yield Case(
        "onto another", "PUT", "/2.0/files/<other>", 409, "item_name_in_use", '{"name": "folder"}'
    )
    yield Case("what is in there", "DELETE", folder, 400, "folder_not_empty")
    yield Case(
        "an old etag",
        "PUT",
        folder,
        412,
        "precondition_failed",
        '{"name": "a"}',
        headers={"If-Match": "77"},
    )
    yield Case("no etag", "DELETE", "/2.0/files/<file>", (400, 412), "", headers={"If-Match": '"'})
    yield Case("what is not in the trash", "DELETE", "/2.0/files/<file>/trash", 404, "not_found")
    yield Case("restore what is there", "POST", "/2.0/files/<file>", 404, "not_found", "{}")
    yield Case(
        "a time that is none",
        "POST",
        "/2.0/files/content",
        400,
        "bad_request",
        part(
            "attributes",
            '{"name": "new", "parent": {"id": "0"}, "content_created_at": "yesterday"}',
        )
        + FILE
        + END,
        FORM,
    )
    yield Case(
        "a lock until never",
        "PUT",
        "/2.0/files/<file>",
        400,
        "bad_request",
        '{"lock": {"expires_at": "never"}}',
    )
    yield Case(
        "copy beyond the quota",
        "POST",
        "/2.0/files/<other>/copy",
        403,
        "storage_limit_exceeded",
        '{"parent": {"id": "0"}, "name": "more"}',
    )
    yield Case(
        "check beyond the quota",
        "OPTIONS",
        "/2.0/files/content",
        403,
        "storage_limit_exceeded",
        '{"name": "a", "parent": {"id": "0"}, "size": 40000}',
    )
    yield Case(
        "check beyond the limit",
        "OPTIONS",
        "/2.0/files/content",
        413,
        "request_entity_too_large",
        '{"name": "a", "parent": {"id": "0"}, "size": 100001}',
    )
    yield Case(
        "a negative size",
        "OPTIONS",
        "/2.0/files/content",
        400,
        "bad_request",
        '{"name": "a", "parent": {"id": "0"}, "size": -1}',
    )


def paths() -> Iterator[Case]:
    """The same through Dropbox's API, as far as it goes another way."""
    malformed = (409, "path/malformed_path")
    tricks = {
        "two dots": "/..",
        "a path up": "/a/../../etc/passwd",
        "a dot": "/a/./b",
        "no name": "/a//b",
        "a slash behind": "/a/",
        "NUL": "/a\0b",
        "a backslash": "/..\\..\\boot.ini",
        "a blank behind": "/a ",
        "256 characters": "/" + "x" * 256,
        "many names": "/a" * 300,
    }
    binary = "application/octet-stream"
    for what, path in tricks.items():
        arg = json.dumps({"path": path})
        yield Case(f"folder: {what}", "POST", "/2/files/create_folder_v2", *malformed, arg)
        argument = {"Dropbox-API-Arg": arg}
        yield Case(f"upload: {what}", "POST", "/2/files/upload", *malformed, b"x", binary, argument)
        move = json.dumps({"from_path": "/other", "to_path": path})
        yield Case(f"move: {what}", "POST", "/2/files/move_v2", 409, "to/malformed_path", move)
    new = {"Dropbox-API-Arg": '{"path": "/new"}'}
    upload = partial(Case, method="POST", target="/2/files/upload", kind=binary, headers=new)
    yield upload("too large", status=409, code=TOO_MUCH, body=b"x" * (MOST + 1))
    yield upload("half a body", status=(0, 400), body=b"x" * 10, length=5_000)
    yield upload("nothing of a body", status=(0, 400), length=5_000)
    yield Case(
        "half a body of version 1",
        "PUT",
        "/1/files_put/auto/new",
        (0, 400),
        "",
        b"x" * 10,
        binary,
        length=5_000,
    )
    wrong = {"Dropbox-API-Arg": json.dumps({"path": "/new", "content_hash": "0" * 64})}
    yield Case(
        "a wrong hash",
        "POST",
        "/2/files/upload",
        409,
        "content_hash_mismatch",
        b"x",
        binary,
        wrong,
    )
    for name in ("move_v2", "copy_v2"):
        itself = json.dumps({"from_path": "/folder", "to_path": "/folder/below/x"})
        yield Case(f"{name} into itself", "POST", f"/2/files/{name}", 409, "", itself)


@pytest.fixture(scope="module", params=["on the shelf", "on a disk"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose files are contents of its own, and one that acts on a watched folder."""
    folder = tmp_path_factory.mktemp("server")
    watch = None
    if request.param == "on a disk":
        watch = folder / "watched"
        watch.mkdir()
    arguments = ("--drain", "0", "--upload-limit", str(MOST), "--quota", str(QUOTA))
    with running(folder, watch=watch, arguments=arguments) as server:
        yield server


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


@pytest.fixture(scope="module")
def things(reader: Reader) -> Things:
    def folder(name: str, parent: str) -> str:
        body = {"name": name, "parent": {"id": parent}}
        id: str = reader.ask("POST", "/2.0/folders", json=body).json()["id"]
        return id

    def file(name: str, parent: str, data: bytes) -> str:
        form: Any = {
            "attributes": (None, json.dumps({"name": name, "parent": {"id": parent}})),
            "file": (name, data),
        }
        answer = reader.ask("POST", "/2.0/files/content", files=form)
        id: str = answer.json()["entries"][0]["id"]
        return id

    top = folder("folder", "0")
    return Things(
        file=file("file", top, CONTENT),
        folder=top,
        below=folder("below", top),
        other=file("other", "0", b"y" * 30_000),
    )


def send(server: Server, case: Case, things: Things) -> tuple[int, Json]:
    """What the server answers; 0 where it closes the connection without an answer."""
    body = case.body if isinstance(case.body, bytes) else case.body.encode()
    body = things.fill(body.decode("latin-1")).encode("latin-1")
    target = things.fill(case.target)
    headers = {
        "Host": "feed",
        "Authorization": f"Bearer {server.token}",
        "Content-Length": str(len(body) if case.length is None else case.length),
        "Content-Type": case.kind,
        **case.headers,
    }
    head = f"{case.method} {target} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n" + body)
        if case.length is not None:
            connection.shutdown(socket.SHUT_WR)
        response = HTTPResponse(connection, method=case.method)
        try:
            response.begin()
        except OSError:
            return 0, {}
        raw = response.read()
    path = target.partition("?")[0]
    headers_read = {name.lower(): value for name, value in response.getheaders()}
    check_answer(case.method, path, response.status, headers_read, raw)
    is_json = headers_read.get("content-type") == JSON
    return response.status, json.loads(raw) if raw and is_json else {}


def tree(reader: Reader, folder: str = "0") -> list[Json]:
    entries: list[Json] = reader.get(f"/2.0/folders/{folder}/items")["entries"]
    return entries


def seen(reader: Reader) -> Any:
    return reader.now(), tree(reader)


def all_seen(reader: Reader, things: Things) -> Any:
    return seen(reader), tree(reader, things.folder), tree(reader, "trash")


def holds(chosen: str | tuple[str, ...] | int | tuple[int, ...], found: object) -> bool:
    return found in chosen if isinstance(chosen, tuple) else found == chosen


GROUPS: list[tuple[str, Callable[[], Iterator[Case]]]] = [
    ("names", naming),
    ("bodies", bodies),
    ("forms", forms),
    ("bodies that break off", breaking),
    ("targets", targets),
    ("moves", moves),
    ("paths", paths),
]


@pytest.mark.parametrize("cases", [pytest.param(cases, id=name) for name, cases in GROUPS])
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    server: Server, reader: Reader, things: Things, cases: Callable[[], Iterator[Case]]
) -> None:
    begin, before = all_seen(reader, things), seen(reader)
    wrong: list[object] = []

    for case in cases():
        if server.watch is not None and case.code == "storage_limit_exceeded":
            continue  # there the disk is the limit
        status, error = send(server, case, things)
        code = error.get("code") or error.get("error_summary", "").removesuffix("/..")
        if not holds(case.status, status) or (case.code and not holds(case.code, code)):
            wrong.append((case.name, status, code, error.get("message", "")[:80]))
        after = seen(reader)
        if after != before:
            wrong.append((case.name, "changed something"))
            before = after

    assert wrong == []
    assert all_seen(reader, things) == begin
    assert "Traceback" not in server.err
    eventually(partial(is_clean, server), "nothing is left on the disk")


def is_clean(server: Server) -> bool:
    """Whether nothing is kept but the two files that are there."""
    shelf = server.data / "contents"
    kept = [file for folder in shelf.iterdir() for file in folder.iterdir()]
    left = [*(server.data / "drafts").iterdir(), *(shelf / "incoming").iterdir()]
    if server.watch is None:
        return len(kept) == 2 and not left
    files = [path for path in all_below(server.watch) if path.is_file() and path.name != "lock"]
    return sorted(path.name for path in files) == ["file", "other"] and not kept and not left

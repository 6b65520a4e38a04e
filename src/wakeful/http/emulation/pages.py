"""Pages that tell what there is, but not as they should.

Rule: a page may repeat what it tells and turn it round; the place to go on from stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

import msgspec

from wakeful.core.positions import LAST_EPOCH, position

_BOX_LIMIT = 100
_MOST_OF_BOX = 500


class _Page(msgspec.Struct, forbid_unknown_fields=False):
    entries: list[msgspec.Raw]


def entries_of(body: bytes) -> list[msgspec.Raw] | None:
    """The entries of a page; None where it is none."""
    try:
        return msgspec.json.decode(body, type=_Page).entries
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def with_entries(body: bytes, entries: Sequence[msgspec.Raw]) -> bytes:
    """The page *body* with other *entries*; its count of them is that of these."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    fields["entries"] = msgspec.Raw(msgspec.json.encode(entries))
    if "chunk_size" in fields:
        fields["chunk_size"] = msgspec.Raw(str(len(entries)).encode())
    return msgspec.json.encode(fields)


def with_half_the_limit(query: bytes) -> bytes:
    """The query of a page of Box's of which all can be told twice within its limit."""
    parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    text = parameters.get("limit", "")
    limit = int(text) if text.isdigit() and len(text) < 10 else _BOX_LIMIT
    parameters["limit"] = str(max(1, min(limit, _MOST_OF_BOX) // 2) if limit else 0)
    return urlencode(parameters).encode()


def with_lost_position(query: bytes) -> bytes:
    """The query of a page of Box's that begins where nothing is known any more. Who asks for a
    page from the start, or from now, has no position to lose."""
    parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    if parameters.get("stream_position", "0") in ("", "0", "null", "now"):
        return query
    parameters["stream_position"] = str(position(LAST_EPOCH, 1))
    return urlencode(parameters).encode()


def without_cursor(form: bytes) -> bytes:
    """The form of a delta that begins anew."""
    pairs = parse_qsl(form.decode("utf-8", "surrogateescape"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name != "cursor"]).encode()

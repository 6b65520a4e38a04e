"""The forms of the token endpoint (box.md 6; RFC 6749, 7009, 7523, 8693).

Requests are forms, answers are JSON. An error is a word of RFC 6749 with a sentence, in which
`exp` or `jti` stands where the assertion's is at fault: two SDKs try again by that (box.md 6.3).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import msgspec

from wakeful.core import errors
from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.core.items import Kind
from wakeful.core.signin import (
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    InvalidTarget,
    SignInRefused,
    UnsupportedGrantType,
)
from wakeful.dialects.box.shapes import FileMini, FolderMini

CLIENT_CREDENTIALS = "client_credentials"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH = "refresh_token"
CODE = "authorization_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = (CLIENT_CREDENTIALS, ASSERTION, CODE, REFRESH, EXCHANGE)

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"

BOX_AUDIENCE = "https://api.box.com/oauth2/token"
"""What every SDK puts into its assertions, wherever it sends them (box.md 6.1)."""

_MOST_FIELDS = 50
_RESOURCE = re.compile(r"/(files|folders)/([0-9]{1,18})/?$")
_KINDS = {"files": Kind.FILE, "folders": Kind.FOLDER}


class Client(NamedTuple):
    """By what an app says who it is."""

    id: str
    secret: str | None  # None: a public app has none


class Form:
    """The parameters of a request, in its body, or in its query where that is empty, as one of
    Dropbox's SDKs has it (dropbox.md 2.6). An empty one counts as none (RFC 6749, 3.1)."""

    def __init__(self, body: bytes, authorization: str | None = None, query: bytes = b"") -> None:
        """Raises InvalidRequest."""
        self._values = _parse(body or query)
        self._basic = _basic(authorization)

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def need(self, name: str) -> str:
        """Raises InvalidRequest where it is missing."""
        value = self._values.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing", field=name)
        return value

    @property
    def grant_type(self) -> str:
        """Raises InvalidRequest and UnsupportedGrantType."""
        value = self.need("grant_type")
        if value not in GRANT_TYPES:
            raise UnsupportedGrantType("there is no such grant_type here", field="grant_type")
        return value

    @property
    def client(self) -> Client | None:
        """The app's credentials, None where there are none at all. Raises InvalidRequest where
        there are two, and InvalidClient where they are not whole."""
        id, secret = self.get("client_id"), self.get("client_secret")
        if self._basic is not None:
            if secret is not None or id not in (None, self._basic.id):
                raise InvalidRequest("the client says twice who it is", field="client_id")
            return self._basic
        if id is None:
            if secret is not None:
                raise InvalidClient("the client has an id and a secret")
            return None
        return Client(id, secret)

    @property
    def scopes(self) -> tuple[str, ...] | None:
        scope = self.get("scope")
        return None if scope is None else tuple(dict.fromkeys(scope.split()))


def _parse(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), strict_parsing=bool(body), errors="strict", max_num_fields=_MOST_FIELDS
        )
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("the body is no form in UTF-8") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InvalidRequest("a parameter is there twice")
    return values


def _basic(authorization: str | None) -> Client | None:
    """The credentials of HTTP Basic. Other schemes are nothing to us: SDKs send their bearer."""
    scheme, _, rest = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("the credentials cannot be read") from None
    id, colon, secret = text.partition(":")
    if not colon:
        raise InvalidClient("the client has an id and a secret")
    # A public app has an empty secret there (RFC 6749, 2.3.1).
    return Client(unquote_plus(id), unquote_plus(secret) or None)


def parse_resource(url: str) -> tuple[Kind, str]:
    """The kind and the id of an item by its URL, on whichever host. Raises InvalidTarget."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    found = _RESOURCE.search(path)
    if found is None:
        raise InvalidTarget("a resource is the URL of a file or a folder", field="resource")
    return _KINDS[found[1]], found[2]


# --- answers ---


class Restriction(msgspec.Struct, frozen=True):
    """One scope, and the item that it is restricted to."""

    scope: str
    object: FileMini | FolderMini


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token. `expires_in` is a number of seconds: one SDK refuses text (box.md 6.2)."""

    access_token: str
    expires_in: int
    token_type: str = "bearer"
    restricted_to: tuple[Restriction, ...] = ()
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    issued_token_type: str | msgspec.UnsetType = msgspec.UNSET


class OAuthError(msgspec.Struct, frozen=True):
    error: str
    error_description: str


ERRORS: Mapping[type[WakefulError], tuple[int, str]] = {
    WakefulError: (500, "server_error"),
    errors.InvalidRequest: (400, "invalid_request"),
    errors.TooLarge: (413, "invalid_request"),
    errors.RateLimited: (429, "temporarily_unavailable"),
    errors.Unavailable: (503, "temporarily_unavailable"),
    SignInRefused: (400, "invalid_grant"),
    InvalidClient: (400, "invalid_client"),
    InvalidGrant: (400, "invalid_grant"),
    InvalidScope: (400, "invalid_scope"),
    InvalidTarget: (400, "invalid_target"),
    UnsupportedGrantType: (400, "unsupported_grant_type"),
}


def answer_for(error: WakefulError) -> tuple[int, str]:
    """The status and the word of *error*."""
    return next(ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS)


def error_body(error: WakefulError) -> bytes:
    return msgspec.json.encode(OAuthError(answer_for(error)[1], str(error)))


def status_body(status: int) -> bytes:
    """The JSON of an error that is nothing but an HTTP status."""
    word = "server_error" if status >= 500 else "invalid_request"
    return msgspec.json.encode(OAuthError(word, HTTPStatus(status).phrase))

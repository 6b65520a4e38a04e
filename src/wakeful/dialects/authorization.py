"""What an app asks a user for, by the URL of the authorize page (RFC 6749, 4.1.1; RFC 7636).

Rule 1: until it is known which app asks, and that a browser may be sent back to where it says,
errors are shown to the user. From then on the app is told (RFC 6749, 4.1.2.1).

Rule 2: a scope has Box's name or Dropbox's, on either page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from wakeful.core.consent import Challenge, is_redirect, parse_challenge
from wakeful.core.credentials import AccessType, App, Flow
from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.core.scopes import GRANT_SCOPES, included
from wakeful.core.signin import InvalidScope
from wakeful.dialects.dropbox.oauth import SCOPES as DROPBOX_SCOPES

_MOST_FIELDS = 50
_ACCESS_TYPES = {
    each.value: each for each in (AccessType.OFFLINE, AccessType.ONLINE, AccessType.LEGACY)
}
_BY_DEFAULT = {
    Flow.BOX: AccessType.ROTATING,
    Flow.DROPBOX: AccessType.ONLINE,
    # Version 1 knew no other.
    Flow.DROPBOX_1: AccessType.LEGACY,
}


class UnsupportedResponseType(InvalidRequest):
    """There are codes here, and no tokens in a URL."""


class Denied(WakefulError):
    """The user does not want it."""


ERRORS: Mapping[type[WakefulError], str] = {
    InvalidRequest: "invalid_request",
    InvalidScope: "invalid_scope",
    UnsupportedResponseType: "unsupported_response_type",
    Denied: "access_denied",
}
"""What an app is told (RFC 6749, 4.1.2.1)."""


class Terms(NamedTuple):
    """What an app asks for; *adds_granted*: beside what it was allowed before."""

    scopes: tuple[str, ...]
    access_type: AccessType
    challenge: Challenge | None
    adds_granted: bool


def parse_query(query: bytes) -> Mapping[str, str]:
    """The parameters of a URL; an empty one counts as none. Raises InvalidRequest."""
    try:
        pairs = parse_qsl(query.decode(), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidRequest("the parameters cannot be read") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InvalidRequest("a parameter is there twice")
    return values


def redirect_of(values: Mapping[str, str], app: App, flow: Flow) -> str | None:
    """Where the browser is sent back to; None: the code is shown, to be carried by hand.

    Raises InvalidRequest where it may not be sent there.
    """
    asked = values.get("redirect_uri")
    if asked is not None:
        if not is_redirect(app.redirect_uris, asked):
            raise InvalidRequest("redirect_uri is none of those that are registered for the app")
        return asked
    if flow is not Flow.BOX or not app.redirect_uris:
        return None
    if len(app.redirect_uris) > 1:
        raise InvalidRequest("redirect_uri is missing: several are registered for the app")
    return app.redirect_uris[0]


def terms_of(values: Mapping[str, str], app: App, flow: Flow) -> Terms:
    """What is asked for. Raises InvalidRequest, InvalidScope and UnsupportedResponseType."""
    response_type = values.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseType("response_type is code")
    challenge = parse_challenge(values.get("code_challenge"), values.get("code_challenge_method"))
    if challenge is None and app.is_public:
        raise InvalidRequest("code_challenge is missing: an app without a secret needs PKCE")
    return Terms(
        scopes=_scopes(values.get("scope"), app),
        access_type=_access_type(values.get("token_access_type"), flow),
        challenge=challenge,
        adds_granted=values.get("include_granted_scopes") in ("user", "team"),
    )


def our_scopes(text: str) -> tuple[str, ...]:
    """The scopes in *text* by our names. Raises InvalidScope."""
    found: list[str] = []
    for word in text.split():
        name = DROPBOX_SCOPES.get(word, word)
        if name is None:
            continue
        if name not in GRANT_SCOPES:
            raise InvalidScope(f"there is no scope {word[:80]!r}")
        found.append(name)
    return tuple(dict.fromkeys(found))


def _scopes(text: str | None, app: App) -> tuple[str, ...]:
    if text is None:
        return app.scopes
    scopes = our_scopes(text)
    for scope in scopes:
        if scope not in included(app.scopes):
            raise InvalidScope(f"the app does not have the scope {scope}")
    return scopes


def _access_type(text: str | None, flow: Flow) -> AccessType:
    if flow is Flow.BOX or text is None:
        return _BY_DEFAULT[flow]
    if text not in _ACCESS_TYPES:
        raise InvalidRequest("token_access_type is offline, online or legacy")
    return _ACCESS_TYPES[text]


def error_word(error: InvalidRequest | Denied) -> str:
    return next(ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS)


def with_parameters(uri: str, **parameters: str | None) -> str:
    """*uri* with more in its query; what is None is left out."""
    told = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{told}"

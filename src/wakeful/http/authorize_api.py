"""What the authorize pages take and answer, for the API description."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wakeful.http.description import TEXT, Answer, Body, Operation, Parameter

_HTML = "text/html"
_PARAMETERS = (
    Parameter("client_id", "The app that asks.", required=True),
    Parameter("response_type", "`code`; there is nothing else.", required=True, example="code"),
    Parameter("redirect_uri", "Where the browser goes then: one that is registered for the app."),
    Parameter("state", "Comes back as it is."),
    Parameter("scope", "What is asked for, in words with blanks between; without it, all."),
    Parameter("code_challenge", "PKCE (RFC 7636); an app without a secret needs it."),
    Parameter("code_challenge_method", "`S256`, or `plain`, which it is when missing."),
    Parameter("token_access_type", "Of Dropbox's pages: `offline`, `online` or `legacy`."),
    Parameter("include_granted_scopes", "`user`: beside what the app was allowed before."),
)
_SENT = Answer(None, "The browser is sent on: to the app, or to this page again.")
_REFUSED = {
    400: Answer(TEXT, "A page that says what is wrong with the link.", media=_HTML),
    403: Answer(TEXT, "The page again: the log-in is wrong, or the app is others'.", media=_HTML),
    413: Answer(TEXT, media=_HTML),
    429: Answer(TEXT, "The page again: too many attempts.", media=_HTML),
}


class PageForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the forms of the pages send; `token` is that of the page."""

    do: Annotated[str, Meta(examples=["login", "allow", "deny", "logout"])]
    token: str
    login: str = ""
    password: str = ""


SHOW = Operation(
    "Ask a user to allow an app something",
    {
        200: Answer(TEXT, "A page: to log in, or to allow what is asked for.", media=_HTML),
        303: _SENT,
        **_REFUSED,
    },
    parameters=_PARAMETERS,
    is_open=True,
)

SUBMIT = Operation(
    "Press a button of the page",
    {200: Answer(TEXT, "A page, with the code perhaps.", media=_HTML), 303: _SENT, **_REFUSED},
    parameters=_PARAMETERS,
    body=Body(PageForm, media=("application/x-www-form-urlencoded",)),
    is_open=True,
)

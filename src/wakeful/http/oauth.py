"""The token endpoint, where SDKs look for it: `/oauth2` beside the API, `/api/oauth2` of Box's,
`/1/oauth2` of Dropbox's. It is one for both dialects: what is shown says of which it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wakeful.core.credentials import App, Flow
from wakeful.core.errors import InvalidRequest, NotFound, WakefulError
from wakeful.core.signin import InvalidClient, InvalidGrant, InvalidTarget
from wakeful.dialects.authorization import our_scopes
from wakeful.dialects.box import oauth, reads, shapes
from wakeful.dialects.box.items import item_mini
from wakeful.dialects.box.oauth import Form, Restriction, TokenAnswer
from wakeful.dialects.dropbox import oauth as dropbox
from wakeful.dialects.dropbox.names import account_id
from wakeful.http.authorize import Authorize
from wakeful.http.browsers import LogIns
from wakeful.http.description import Answer, Body, Described, Operation
from wakeful.http.dialect import Dialect
from wakeful.http.dropbox.answers import DropboxDialect
from wakeful.http.reading import read
from wakeful.http.requests import base_url, client_address, read_body
from wakeful.http.services import Services
from wakeful.signin import ENTERPRISE, USER, Issued, SignIn

PREFIXES = {
    "/oauth2": Flow.DROPBOX,
    "/1/oauth2": Flow.DROPBOX_1,
    "/api/oauth2": Flow.BOX,
}
"""Where it stands, and of which dialect the authorize page is beside it."""

AnyAnswer = TokenAnswer | dropbox.TokenAnswer

_BODY_LIMIT = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is needed depends on the grant type. The client may say who it is by HTTP Basic
    instead; for an exchange it need not say so at all."""

    grant_type: Annotated[str, Meta(examples=list(oauth.GRANT_TYPES))]
    client_id: str = ""
    client_secret: str = ""
    box_subject_type: str = ""
    box_subject_id: str = ""
    assertion: str = ""
    code: str = ""
    code_verifier: str = ""
    redirect_uri: str = ""
    refresh_token: str = ""
    subject_token: str = ""
    subject_token_type: str = ""
    resource: str = ""
    scope: str = ""


class RevokeForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """`token` is an access token or a refresh token."""

    token: str
    client_id: str = ""
    client_secret: str = ""


GET_TOKEN = Operation(
    "Get a token",
    {200: Answer(TokenAnswer | dropbox.TokenAnswer, headers={"Cache-Control": "`no-store`"})},
    "The form of the answer is that of the dialect in which a user was asked. "
    "The parameters may stand in the query instead.",
    body=Body(TokenForm, media=(_FORM,), required=False),
    refusals=(400, 401, 413, 429),
    is_open=True,
)

REVOKE_TOKEN = Operation(
    "Revoke a token",
    {200: Answer({"type": "object"}, "It is void, or never was anything.")},
    body=Body(RevokeForm, media=(_FORM,)),
    refusals=(400, 401, 413, 429),
    is_open=True,
)


class OAuthErrors:
    """Errors by RFC 6749, section 5.2."""

    def error(self, error: WakefulError, request_id: str) -> Response:
        status, _ = oauth.answer_for(error)
        return _json(oauth.error_body(error), status)

    def status(self, status: int, request_id: str) -> Response:
        return _json(oauth.status_body(status), status)

    def answer(self, status: int) -> Answer:
        headers = {"WWW-Authenticate": "`Basic`"} if status == HTTPStatus.UNAUTHORIZED else {}
        return Answer(oauth.OAuthError, headers=headers)


def token_endpoints(services: Services, log_ins: LogIns) -> Mapping[str, Dialect]:
    """The app to mount at each prefix."""
    routes, pages = _Routes(services), Authorize(services, log_ins)
    return {
        prefix: _token_endpoint(services, routes, pages.route(flow))
        for prefix, flow in PREFIXES.items()
    }


def _token_endpoint(services: Services, routes: _Routes, page: Described) -> Dialect:
    return _Endpoint(
        [
            page,
            Described("/token", routes.token, POST=GET_TOKEN),
            Described("/revoke", routes.revoke, POST=REVOKE_TOKEN),
        ],
        OAuthErrors(),
        services.load,
    )


class _Endpoint(DropboxDialect):
    """Apps that run in a browser get their tokens from any page, as with Dropbox. The page on
    which a user is asked is for no script."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/authorize"):
            await Dialect.__call__(self, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._sign_in = SignIn(self._store, services.access, services.clock.wall)
        self._by_grant_type: dict[str, Callable[[Request, Form], Awaitable[AnyAnswer]]] = {
            oauth.CLIENT_CREDENTIALS: self._by_credentials,
            oauth.ASSERTION: self._by_assertion,
            oauth.CODE: self._by_code,
            oauth.REFRESH: self._by_refresh,
            oauth.EXCHANGE: self._by_exchange,
        }

    async def token(self, request: Request) -> Response:
        async def answer(form: Form) -> bytes:
            return msgspec.json.encode(await self._by_grant_type[form.grant_type](request, form))

        return await self._answered(request, answer)

    async def revoke(self, request: Request) -> Response:
        async def answer(form: Form) -> bytes:
            await self._sign_in.revoke(await self._client(form), form.need("token"))
            # One SDK takes an empty answer for an error (box.md 6.5).
            return b"{}"

        return await self._answered(request, answer)

    async def _answered(
        self, request: Request, answer: Callable[[Form], Awaitable[bytes]]
    ) -> Response:
        authorization = request.headers.get("authorization", "")
        address = client_address(self._services, request)
        self._services.failures.check(address)
        try:
            body = await read_body(request, _BODY_LIMIT)
            form = Form(body, authorization, request.scope["query_string"])
            return _json(await answer(form))
        except (InvalidClient, InvalidGrant) as error:
            self._services.failures.take(address)
            if isinstance(error, InvalidGrant) or not authorization.lower().startswith("basic"):
                raise
            # RFC 6749, 5.2: who came by HTTP's own authentication is answered by it.
            response = _json(oauth.error_body(error), HTTPStatus.UNAUTHORIZED)
            response.headers["WWW-Authenticate"] = 'Basic realm="Wakeful"'
            return response

    # --- grant types ---

    async def _by_credentials(self, request: Request, form: Form) -> TokenAnswer:
        app = await self._need_secret(form)
        subject_type, subject = form.get("box_subject_type"), form.get("box_subject_id")
        if subject_type is None and subject is None:
            # As RFC 6749 has it: the app for itself.
            subject_type, subject = ENTERPRISE, str(app.enterprise)
        if subject_type not in (USER, ENTERPRISE):
            raise InvalidRequest("box_subject_type is user or enterprise", field="box_subject_type")
        if subject is None:
            raise InvalidRequest("box_subject_id is missing", field="box_subject_id")
        issued = await self._sign_in.by_credentials(app, subject_type, subject, form.scopes)
        return _answer(issued)

    async def _by_assertion(self, request: Request, form: Form) -> TokenAnswer:
        app = await self._need_secret(form)
        base = base_url(self._services, request)
        audiences = (oauth.BOX_AUDIENCE, *(f"{base}{prefix}/token" for prefix in PREFIXES))
        issued = await self._sign_in.by_assertion(
            app, form.need("assertion"), audiences, form.scopes
        )
        return _answer(issued)

    async def _by_code(self, request: Request, form: Form) -> AnyAnswer:
        app = await self._need_client(form)
        issued, code = await self._sign_in.by_code(
            app, form.need("code"), form.get("redirect_uri"), form.get("code_verifier")
        )
        match code.flow:
            case Flow.BOX:
                return _answer(issued)
            case Flow.DROPBOX_1:
                return msgspec.structs.replace(_short_answer(issued), uid=str(code.user))
            case Flow.DROPBOX:
                return msgspec.structs.replace(
                    _short_answer(issued),
                    uid=str(code.user),
                    account_id=account_id(code.user),
                    scope=dropbox.names_of(code.scopes),
                )

    async def _by_refresh(self, request: Request, form: Form) -> AnyAnswer:
        app = await self._need_client(form)
        scope = form.get("scope")
        scopes = None if scope is None else our_scopes(scope)
        issued = await self._sign_in.by_refresh(app, form.need("refresh_token"), scopes)
        # Only Dropbox's refresh tokens stay.
        return _short_answer(issued) if issued.refresh is None else _answer(issued)

    async def _by_exchange(self, request: Request, form: Form) -> TokenAnswer:
        for name in ("actor_token", "box_shared_link"):
            if form.get(name) is not None:
                raise InvalidRequest(f"there is no {name} here", field=name)
        if form.get("subject_token_type") not in (None, oauth.ACCESS_TOKEN_TYPE):
            raise InvalidRequest("the subject is an access token", field="subject_token_type")
        app = await self._client(form)
        subject = form.need("subject_token")
        scopes = form.scopes
        if scopes is None:
            raise InvalidRequest("scope is missing", field="scope")
        resource = form.get("resource")
        item = None if resource is None else await self._item(subject, resource)
        issued = await self._sign_in.by_exchange(
            app, subject, scopes, None if item is None else item[0]
        )
        return msgspec.structs.replace(
            _answer(issued),
            issued_token_type=oauth.ACCESS_TOKEN_TYPE,
            restricted_to=()
            if item is None
            else tuple(Restriction(scope, item[1]) for scope in scopes),
        )

    async def _item(
        self, subject: str, resource: str
    ) -> tuple[int, shapes.FileMini | shapes.FolderMini]:
        """The item that *resource* names, as the bearer of the subject token sees it."""
        kind, id = oauth.parse_resource(resource)
        user = (await self._sign_in.bearer(subject)).user
        try:
            snapshot = await read(self._store, reads.read_item(user, id, kind))
        except NotFound:
            raise InvalidTarget("there is no such item", field="resource") from None
        return snapshot.id, item_mini(snapshot)

    # --- clients ---

    async def _client(self, form: Form) -> App | None:
        client = form.client
        if client is None:
            return None
        return await self._sign_in.authenticate(client.id, client.secret)

    async def _need_client(self, form: Form) -> App:
        app = await self._client(form)
        if app is None:
            raise InvalidClient("client_id and client_secret are missing")
        return app

    async def _need_secret(self, form: Form) -> App:
        app = await self._need_client(form)
        if app.is_public:
            raise InvalidClient("an app without a secret cannot sign in by itself")
        return app


def _answer(issued: Issued) -> TokenAnswer:
    token = issued.token
    assert token.expires_at is not None, "a token that an app gets expires"
    return TokenAnswer(
        access_token=issued.text,
        expires_in=(token.expires_at - token.created_at) // 1000,
        refresh_token=msgspec.UNSET if issued.refresh is None else issued.refresh,
    )


def _short_answer(issued: Issued) -> dropbox.TokenAnswer:
    token = issued.token
    return dropbox.TokenAnswer(
        access_token=issued.text,
        token_type="bearer",
        expires_in=msgspec.UNSET
        if token.expires_at is None
        else (token.expires_at - token.created_at) // 1000,
        refresh_token=msgspec.UNSET if issued.refresh is None else issued.refresh,
    )


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json", headers=_UNCACHED)

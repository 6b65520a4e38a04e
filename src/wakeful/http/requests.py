"""What every dialect does with a request: who asks, with which body, under which URL.

Rule: who asks is judged before a byte of the body is read, and again when all of it is there. It
may have taken minutes, and what was revoked meanwhile is worth nothing at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256

import msgspec
from starlette.requests import Request

from wakeful.access import Access, Identity
from wakeful.core.errors import (
    Forbidden,
    InvalidRequest,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from wakeful.http.load import SHARE, Share
from wakeful.http.rates import address_of
from wakeful.http.services import Services

MOST_DRAINED = 64 * 1024 * 1024
"""Bytes that are read of an upload that is refused already."""

_MOST_DIGITS = 18
_CLAIM = "wakeful.claim"  # in the scope of a request


class _Claim(msgspec.Struct):
    """As whom a request was let in, when, and how that is found out anew."""

    services: Services
    withdrawals: int
    identity: Identity
    who: Callable[[], Awaitable[Identity]]


async def identify(
    services: Services, request: Request, *, minds_item: bool = False, token: str | None = None
) -> Identity:
    """Who asks, acting for another user where `As-User` says so.

    The *token* is that of the Authorization header unless one is given. One that is restricted
    to an item is refused, but by a route that minds it. Raises Unauthenticated, Forbidden,
    InvalidRequest, RateLimited.
    """
    given = bearer_token(request.headers.get("authorization")) if token is None else token
    access = services.access
    withdrawals = access.withdrawals
    borne = await _identified(services, request, given)
    services.rate.take(borne.token)
    if borne.item is not None and not minds_item:
        raise Forbidden("the token is restricted to one item")
    identity = await _acted_for(access, request, borne)

    async def who() -> Identity:
        return await _acted_for(access, request, await access.identify(given))

    request.scope[_CLAIM] = _Claim(services, withdrawals, identity, who)
    return identity


async def act_for(services: Services, request: Request, identity: Identity, user: int) -> Identity:
    """*identity*, which is that of *request*, in the name of *user*. Raises Forbidden."""
    access = services.access
    acting = await access.act_for(identity, user)
    claim: _Claim = request.scope[_CLAIM]
    before = claim.who

    async def who() -> Identity:
        return await access.act_for(await before(), user)

    request.scope[_CLAIM] = _Claim(services, claim.withdrawals, acting, who)
    return acting


async def judge_again(request: Request) -> None:
    """See that who was let in with *request* may still do what they might do then.

    Raises as `identify`, and Unavailable where they may still ask, but not for the same.
    """
    claim: _Claim | None = request.scope.get(_CLAIM)
    if claim is None:
        return
    access = claim.services.access
    while claim.withdrawals != access.withdrawals:
        withdrawals = access.withdrawals
        if await claim.who() != claim.identity:
            raise Unavailable("what the token is worth has just changed")
        claim.withdrawals = withdrawals


async def _acted_for(access: Access, request: Request, identity: Identity) -> Identity:
    as_user = request.headers.get("as-user")
    if as_user is None:
        return identity
    if not (as_user.isascii() and as_user.isdigit()) or len(as_user) > _MOST_DIGITS:
        raise InvalidRequest("As-User is not a user id", field="As-User")
    return await access.act_for(identity, int(as_user))


async def _identified(services: Services, request: Request, token: str) -> Identity:
    identity = services.access.known(token)
    if identity is not None:
        return identity
    address = client_address(services, request)
    services.failures.check(address)
    try:
        return await services.access.identify(token)
    except Unauthenticated:
        services.failures.take(address)
        raise


def client_address(services: Services, request: Request) -> str:
    """Where the request came from, as `rates.address_of` has it; empty where no network is."""
    ip = client_ip(services, request)
    return "" if ip is None else address_of(ip)


def client_ip(services: Services, request: Request) -> str | None:
    """The address that the request came from; None where there is no network.

    Behind a proxy that is trusted it is what the proxy saw: the last of the list, for what
    stands before that is the client's own claim.
    """
    if services.trust_proxy:
        for lines in reversed(request.headers.getlist("x-forwarded-for")):
            return lines.split(",")[-1].strip()
    return None if request.client is None else request.client.host


def bearer_token(header: str | None) -> str:
    """The token in an Authorization header: after the word Bearer in any case, or bare, as
    people paste it. Raises Unauthenticated."""
    words = (header or "").split()
    if len(words) == 2 and words[0].lower() == "bearer":
        return words[1]
    if len(words) == 1 and words[0].lower() != "bearer":
        return words[0]
    raise Unauthenticated("no bearer token")


def known_bearer(access: Access, header: bytes) -> Identity | None:
    """Who bears the token in an Authorization header, if that is cached. Raises Unauthenticated."""
    words = header.split()
    if len(words) == 2 and words[0] == b"Bearer" and words[1].isascii():
        return access.known_by(sha256(words[1]).digest())
    return access.known(bearer_token(header.decode("latin-1")))


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body, as it comes. Raises at its end as `judge_again`."""
    async for data in request.stream():
        if data:
            yield data
    await judge_again(request)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of which no more than *limit* bytes are ever held. Raises TooLarge, Unavailable
    where the bodies of all requests are too much, and as `judge_again`."""
    share: Share | None = request.scope.get(SHARE)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"the body has more than {limit} bytes")
    parts = []
    size = 0
    async for part in body_of(request):
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body has more than {limit} bytes")
        if share is not None:
            share.grow(len(part))
        parts.append(part)
    return b"".join(parts)


async def drain(request: Request, most: int = MOST_DRAINED) -> None:
    """Read what is still being sent, *most* bytes of it, so that the answer is seen."""
    try:
        async for data in request.stream():
            most -= len(data)
            if most < 0:
                return
    except RuntimeError:
        return  # it was read to its end


def base_url(services: Services, request: Request) -> str:
    """The server's URL as this client sees it, without a slash at its end."""
    if services.public_url is not None:
        return services.public_url.rstrip("/")
    scheme = request.scope["scheme"]
    host = request.headers.get("host")
    if services.trust_proxy:
        # Of several proxies the first in the list is the one that the client talked to.
        scheme = _first(request.headers.get("x-forwarded-proto")) or scheme
        host = _first(request.headers.get("x-forwarded-host")) or host
    if not host:  # HTTP/1.0
        name, port = request.scope.get("server") or ("", None)
        host = f"{name}:{port}" if port else "localhost"
    return f"{scheme}://{host}"


def _first(header: str | None) -> str:
    return (header or "").split(",")[0].strip()

"""What every dialect does with a request: who asks, with which body, under which URL."""

from __future__ import annotations

from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.errors import Forbidden, InvalidRequest, TooLarge, Unauthenticated
from wakeful.http.load import SHARE, Share
from wakeful.http.rates import address_of
from wakeful.http.services import Services

_MOST_DIGITS = 18


async def identify(
    services: Services, request: Request, *, minds_item: bool = False, token: str | None = None
) -> Identity:
    """Who asks, acting for another user where `As-User` says so.

    The *token* is that of the Authorization header unless one is given. One that is restricted
    to an item is refused, but by a route that minds it. Raises Unauthenticated, Forbidden,
    InvalidRequest, RateLimited.
    """
    if token is None:
        token = bearer_token(request.headers.get("authorization"))
    identity = await _identified(services, request, token)
    services.rate.take(identity.token)
    if identity.item is not None and not minds_item:
        raise Forbidden("the token is restricted to one item")
    as_user = request.headers.get("as-user")
    if as_user is None:
        return identity
    if not (as_user.isascii() and as_user.isdigit()) or len(as_user) > _MOST_DIGITS:
        raise InvalidRequest("As-User is not a user id", field="As-User")
    return await services.access.act_for(identity, int(as_user))


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


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of which no more than *limit* bytes are ever held. Raises TooLarge, and
    Unavailable where the bodies of all requests are too much."""
    share: Share | None = request.scope.get(SHARE)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"the body has more than {limit} bytes")
    parts = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body has more than {limit} bytes")
        if share is not None:
            share.grow(len(part))
        parts.append(part)
    return b"".join(parts)


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

"""Finds what an operation names, within what it may see, and says what it may give."""

from __future__ import annotations

from collections.abc import Iterable

from wakeful.core.credentials import App, Grant, Token
from wakeful.core.errors import Conflict, Forbidden, NotFound
from wakeful.core.items import Item
from wakeful.core.lookups.credentials import (
    AppByClientId,
    AppById,
    Apps,
    GrantById,
    TokenById,
    Tokens,
)
from wakeful.core.lookups.people import Enterprises, Namespaces, UserById, UserByLogin, Users
from wakeful.core.lookups.trees import ItemById
from wakeful.core.people import Enterprise, Namespace, User
from wakeful.core.ports import Store

_MOST_DIGITS = 18


class Finder:
    """What is not of the enterprise *within* is not there; None sees all enterprises. What is
    given has no scopes but *scopes*; None gives all."""

    def __init__(self, store: Store, within: int | None, scopes: frozenset[str] | None) -> None:
        self._store = store
        self._within = within
        self._scopes = scopes

    def may_give(self, scopes: Iterable[str]) -> None:
        """Raise Forbidden for a scope that whoever asks does not have: nobody makes another who
        may do more."""
        for scope in scopes:
            if self._scopes is not None and scope not in self._scopes:
                raise Forbidden(f"who does not have the scope {scope} does not give it")

    def givable(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of *scopes* that can be given."""
        return tuple(each for each in scopes if self._scopes is None or each in self._scopes)

    async def enterprises(self) -> tuple[Enterprise, ...]:
        found = await self._store.ask(Enterprises())
        return tuple(each for each in found if self._sees(each.id))

    async def users(self) -> tuple[User, ...]:
        found: list[User] = []
        for enterprise in await self.enterprises():
            users = await self._store.ask(Users(enterprise.id))
            found += users
        return tuple(found)

    async def namespaces(self) -> tuple[Namespace, ...]:
        found: list[Namespace] = []
        for enterprise in await self.enterprises():
            namespaces = await self._store.ask(Namespaces(enterprise.id))
            found += namespaces
        return tuple(found)

    async def apps(self) -> tuple[App, ...]:
        found: list[App] = []
        for enterprise in await self.enterprises():
            apps = await self._store.ask(Apps(enterprise.id))
            found += apps
        return tuple(found)

    async def tokens(self) -> tuple[Token, ...]:
        found: list[Token] = []
        for enterprise in await self.enterprises():
            tokens = await self._store.ask(Tokens(enterprise.id))
            found += tokens
        return tuple(found)

    async def enterprise(self, text: str | None) -> Enterprise | None:
        """By id or name; of None the first, if there is any. Raises NotFound and Conflict."""
        enterprises = await self.enterprises()
        if text is None:
            return enterprises[0] if enterprises else None
        found = [each for each in enterprises if each.id == _id(text) or each.name == text]
        if len(found) > 1:
            raise Conflict(f"several enterprises are called {text!r}: name one by its id")
        if not found:
            raise NotFound(f"no enterprise {text!r}")
        return found[0]

    async def user(self, text: str) -> User:
        user = await self._store.ask(UserByLogin(text))
        if user is None and (id := _id(text)) is not None:
            user = await self._store.ask(UserById(id))
        if user is None or not self._sees(user.enterprise):
            raise NotFound(f"no user {text!r}")
        return user

    async def namespace(self, text: str) -> Namespace:
        namespaces = await self.namespaces()
        for namespace in namespaces:
            if namespace.id == _id(text):
                return namespace
        named = [
            namespace
            for namespace in namespaces
            if not namespace.is_home and await self.name_of(namespace) == text
        ]
        if not named:
            raise NotFound(f"no shared namespace {text!r}")
        if len(named) > 1:
            ids = ", ".join(str(namespace.id) for namespace in named)
            raise Conflict(f"several namespaces are called {text!r}: name one by its id ({ids})")
        return named[0]

    async def name_of(self, namespace: Namespace) -> str:
        root: Item | None = await self._store.ask(ItemById(namespace.root))
        return root.name if root else ""

    async def app(self, text: str) -> App:
        """By id, client id or name. Raises NotFound and Conflict."""
        app = await self.registered(text)
        if app is None:
            raise NotFound(f"no app {text!r}")
        return app

    async def registered(self, text: str) -> App | None:
        """As `app`, but None where there is none."""
        app = await self._store.ask(AppByClientId(text))
        if app is None and (id := _id(text)) is not None:
            app = await self._store.ask(AppById(id))
        if app is not None and self._sees(app.enterprise):
            return app
        named = [each for each in await self.apps() if each.name == text]
        if len(named) > 1:
            ids = ", ".join(str(each.id) for each in named)
            raise Conflict(f"several apps are called {text!r}: name one by its id ({ids})")
        return named[0] if named else None

    async def token(self, id: int) -> tuple[Token, Grant]:
        """A token and its grant. Raises NotFound."""
        token = await self._store.ask(TokenById(id))
        grant = None if token is None else await self._store.ask(GrantById(token.grant))
        if token is None or grant is None or not self._sees(grant.enterprise):
            raise NotFound(f"no token {id}")
        return token, grant

    def _sees(self, enterprise: int) -> bool:
        return self._within is None or enterprise == self._within


def _id(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return None

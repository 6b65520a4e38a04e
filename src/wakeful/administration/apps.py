"""Carries out operations about apps and their keys."""

from __future__ import annotations

from wakeful.access import Access, Concerned
from wakeful.administration.finder import Finder
from wakeful.administration.keys import fingerprint, parse_public_key
from wakeful.administration.operations import (
    AddKey,
    CreateApp,
    DeleteApp,
    ListApps,
    RemoveKey,
    RenewSecret,
    ShowApp,
    UpdateApp,
)
from wakeful.administration.records import AppRecord, KeyRecord, NewApp
from wakeful.core import apps as rules
from wakeful.core.accounts import digest_of
from wakeful.core.consent import check_redirect_uri
from wakeful.core.credentials import App, PublicKey
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.lookups.credentials import PublicKeys
from wakeful.core.ports import Store
from wakeful.core.writes import Command, Steps


class Apps:
    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    async def create(self, asked: CreateApp, finder: Finder) -> NewApp:
        enterprise = await finder.enterprise(asked.enterprise)
        if enterprise is None:
            raise NotFound("there is no enterprise yet: add a user first")
        for uri in asked.redirect_uris:
            check_redirect_uri(uri)
        pem = None if asked.public_key is None else parse_public_key(asked.public_key)
        if asked.is_public and pem is not None:
            raise InvalidRequest("a public app has no key: it cannot keep one", field="public_key")
        secret = None if asked.is_public else rules.new_client_secret()
        scopes = tuple(dict.fromkeys(asked.scopes))
        finder.may_give(scopes)
        app = await self._store.commit(
            _with_key(
                rules.create_app(
                    enterprise.id,
                    asked.name,
                    scopes,
                    rules.new_client_id(),
                    b"" if secret is None else digest_of(secret),
                    tuple(dict.fromkeys(asked.redirect_uris)),
                ),
                pem,
            )
        )
        return NewApp(secret, await self._record(app))

    async def list(self, asked: ListApps, finder: Finder) -> tuple[AppRecord, ...]:
        return tuple([await self._record(app) for app in await finder.apps()])

    async def show(self, asked: ShowApp, finder: Finder) -> AppRecord:
        return await self._record(await finder.app(asked.app))

    async def update(self, asked: UpdateApp, finder: Finder) -> AppRecord:
        app = await finder.app(asked.app)
        if asked.redirect_uris is not None or not asked.is_disabled:
            finder.may_give(app.scopes)
        if asked.redirect_uris is not None:
            for uri in asked.redirect_uris:
                check_redirect_uri(uri)
            uris = tuple(dict.fromkeys(asked.redirect_uris))
            app = await self._store.commit(rules.redirect_app(app.id, uris))
        if asked.is_disabled is not None:
            command = rules.disable_app(app.id, is_disabled=asked.is_disabled)
            app = await self._access.changing(command, Concerned(app=app.id))
        return await self._record(app)

    async def delete(self, asked: DeleteApp, finder: Finder) -> AppRecord:
        app = await finder.app(asked.app)
        record = await self._record(app)
        # Of its service account the developer token, too, that somebody made for it.
        await self._access.changing(
            rules.delete_app(app.id), Concerned(app=app.id, user=app.service_account)
        )
        return record

    async def add_key(self, asked: AddKey, finder: Finder) -> KeyRecord:
        app = await finder.app(asked.app)
        finder.may_give(app.scopes)
        pem = parse_public_key(asked.public_key)
        return _key(await self._store.commit(rules.add_key(app.id, rules.new_kid(), pem)))

    async def remove_key(self, asked: RemoveKey, finder: Finder) -> KeyRecord:
        app = await finder.app(asked.app)
        return _key(await self._store.commit(rules.remove_key(app.id, asked.kid)))

    async def renew_secret(self, asked: RenewSecret, finder: Finder) -> NewApp:
        app = await finder.app(asked.app)
        finder.may_give(app.scopes)
        secret = rules.new_client_secret()
        renewed = await self._store.commit(rules.renew_secret(app.id, digest_of(secret)))
        return NewApp(secret, await self._record(renewed))

    async def _record(self, app: App) -> AppRecord:
        keys = await self._store.ask(PublicKeys(app.id))
        return AppRecord(
            id=app.id,
            enterprise=app.enterprise,
            name=app.name,
            client_id=app.client_id,
            scopes=app.scopes,
            redirect_uris=app.redirect_uris,
            service_account=app.service_account,
            keys=tuple(map(_key, keys)),
            created_at=app.created_at,
            disabled_at=app.disabled_at,
            is_public=app.is_public,
        )


def _with_key(create: Command[App], pem: str | None) -> Command[App]:
    """An app and its first key are one commit."""

    def steps(now: int) -> Steps[App]:
        app = yield from create(now)
        if pem is not None:
            yield from rules.add_key(app.id, rules.new_kid(), pem)(now)
        return app

    return steps


def _key(key: PublicKey) -> KeyRecord:
    return KeyRecord(key.kid, fingerprint(key.pem), key.created_at)

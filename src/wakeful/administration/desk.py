"""The one place where operations are carried out.

Whoever may reach it may do everything there is within an enterprise, or within all of them: there
is no further check here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from wakeful.access import Access
from wakeful.administration.apps import Apps
from wakeful.administration.finder import Finder
from wakeful.administration.operations import (
    AddEnterprise,
    AddKey,
    AddMember,
    AddNamespace,
    AddUser,
    Backup,
    CreateApp,
    CreateToken,
    DeleteApp,
    ListApps,
    ListEnterprises,
    ListMembers,
    ListNamespaces,
    ListTokens,
    ListUsers,
    Operation,
    RemoveKey,
    RemoveMember,
    RenewSecret,
    RevokeToken,
    SetPassword,
    ShowApp,
    Status,
    UpdateApp,
    UpdateUser,
)
from wakeful.administration.people import People
from wakeful.administration.records import BackupRecord
from wakeful.administration.tokens import Tokens
from wakeful.core.errors import Conflict, InvalidRequest, Unavailable
from wakeful.core.ports import Store

T = TypeVar("T")


class Administration:
    """Carries out operations on a store; *status* tells what the whole program knows of itself."""

    def __init__(
        self, store: Store, access: Access, status: Callable[[], dict[str, Any]] = dict
    ) -> None:
        self._store = store
        self._status = status
        people, apps, tokens = People(store, access), Apps(store, access), Tokens(store, access)
        self._doing: dict[type[Operation[Any]], Callable[[Any, Finder], Awaitable[Any]]] = {
            AddEnterprise: people.add_enterprise,
            ListEnterprises: people.list_enterprises,
            AddUser: people.add_user,
            UpdateUser: people.update_user,
            SetPassword: people.set_password,
            ListUsers: people.list_users,
            AddNamespace: people.add_namespace,
            ListNamespaces: people.list_namespaces,
            AddMember: people.add_member,
            ListMembers: people.list_members,
            RemoveMember: people.remove_member,
            CreateApp: apps.create,
            ListApps: apps.list,
            ShowApp: apps.show,
            UpdateApp: apps.update,
            DeleteApp: apps.delete,
            AddKey: apps.add_key,
            RemoveKey: apps.remove_key,
            RenewSecret: apps.renew_secret,
            CreateToken: tokens.create,
            ListTokens: tokens.list,
            RevokeToken: tokens.revoke,
            Backup: self._backup,
            Status: self._tell_status,
        }

    async def carry_out(
        self,
        operation: Operation[T],
        within: int | None = None,
        scopes: frozenset[str] | None = None,
    ) -> T:
        """Do *operation*, for which there is nothing but the enterprise *within* and which gives
        no scopes but *scopes*; everything where they are None.

        Raises InvalidRequest, Forbidden, NotFound, Conflict and Unavailable.
        """
        finder = Finder(self._store, within, scopes)
        result: T = await self._doing[type(operation)](operation, finder)
        return result

    async def _backup(self, asked: Backup, finder: Finder) -> BackupRecord:
        file = Path(asked.file)
        if not file.is_absolute():
            raise InvalidRequest("name the file by its full path", field="file")
        try:
            await self._store.backup(file)
        except FileExistsError:
            raise Conflict(f"{file} is there already") from None
        except OSError as error:
            raise Unavailable(f"cannot write {file}: {error.strerror}") from error
        return BackupRecord(str(file))

    async def _tell_status(self, asked: Status, finder: Finder) -> dict[str, Any]:
        return {
            "store": {"health": self._store.health.value, "epoch": self._store.epoch},
            **self._status(),
        }

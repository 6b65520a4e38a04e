"""What a server makes for itself: an enterprise, its first user, a namespace for each watched
folder.

Every step looks first, so that a start that was interrupted is finished by the next one.
"""

from __future__ import annotations

import getpass
from pathlib import Path

import msgspec

from wakeful.core.accounts import create_enterprise, create_namespace, create_user
from wakeful.core.lookups import Setting
from wakeful.core.lookups.people import Enterprises, NamespaceById, Users
from wakeful.core.people import Namespace, User
from wakeful.core.ports import Store
from wakeful.core.writes import Command, PutSetting, Steps
from wakeful.settings import SettingsError, Watch


class Watched(msgspec.Struct, frozen=True):
    """A folder to follow, and the namespace that shows it."""

    watch: Watch
    namespace: int


class _Root(msgspec.Struct, frozen=True):
    """The folder that a namespace followed last."""

    path: str
    device: int
    inode: int


async def first_user(store: Store) -> User:
    """The user whose home is the watched folder, made with an enterprise if there is none."""
    enterprises = await store.ask(Enterprises())
    enterprise = enterprises[0] if enterprises else await store.commit(create_enterprise("Wakeful"))
    for user in await store.ask(Users(enterprise.id)):
        if user.app is None:
            return user
    return await store.commit(create_user(enterprise.id, _login(), is_admin=True))


async def place_watches(
    store: Store, owner: User, watches: tuple[Watch, ...]
) -> tuple[Watched, ...]:
    """A namespace for each watched folder. Raises SettingsError where another folder was
    followed in its place before: to compare the two would delete everything; and where there
    is no such folder and never was, before anything is made."""
    for watch in watches:
        if not watch.path.is_dir() and not await _was_followed(store, owner, watch):
            raise no_folder(watch)
    placed = []
    for watch in watches:
        if watch.name is None:
            namespace = owner.home
        else:
            namespace = await store.commit(_named_namespace(owner.id, watch.name))
        await _check_root(store, watch, namespace)
        placed.append(Watched(watch, namespace))
    return tuple(placed)


def no_folder(watch: Watch) -> SettingsError:
    """What is said of a folder that is not there and was never followed: a slip of the pen."""
    return SettingsError(f"--watch: there is no folder {watch.path}")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # No name for this user id, as in some containers.
        return "user"


def _named_namespace(owner: int, name: str) -> Command[int]:
    """The namespace of the watched folder *name*, made when it is first asked for."""

    def steps(now: int) -> Steps[int]:
        key = _namespace_key(name)
        present: bytes | None = yield Setting(key)
        # It may be gone: while nobody watched it, its owner could put it into the trash.
        if present is not None and (yield NamespaceById(int(present))) is not None:
            return int(present)
        namespace: Namespace = yield from create_namespace(owner, name)(now)
        yield PutSetting(key, str(namespace.id).encode())
        return namespace.id

    return steps


async def _check_root(store: Store, watch: Watch, namespace: int) -> None:
    before = await _root_before(store, namespace)
    now = _root(watch.path)
    if now is None:
        return  # not there for now: its source waits for it
    if before is not None and before != now and _is_another(before, now):
        raise SettingsError(
            f"this data folder follows {before.path}, not {now.path}: "
            "choose another with --data, or give the folder a name, as in NAME=DIR"
        )
    if before != now:
        await store.commit(_put_setting(_root_key(namespace), msgspec.json.encode(now)))


async def _was_followed(store: Store, owner: User, watch: Watch) -> bool:
    """Whether the last server here followed *watch* under this name."""
    namespace = owner.home
    if watch.name is not None:
        present = await store.ask(Setting(_namespace_key(watch.name)))
        if present is None:
            return False
        namespace = int(present)
    before = await _root_before(store, namespace)
    return before is not None and before.path == str(watch.path)


async def _root_before(store: Store, namespace: int) -> _Root | None:
    raw = await store.ask(Setting(_root_key(namespace)))
    return None if raw is None else msgspec.json.decode(raw, type=_Root)


def _namespace_key(name: str) -> str:
    return f"watch.namespace.{name}"


def _root_key(namespace: int) -> str:
    return f"watch.root.{namespace}"


def _root(path: Path) -> _Root | None:
    """What is at *path* now; None where no folder is."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _Root(str(path), status.st_dev, status.st_ino)


def _is_another(before: _Root, now: _Root) -> bool:
    """Whether the folder that was followed is still there, beside the one to follow now."""
    moved = (before.device, before.inode) == (now.device, now.inode)
    return before.path != now.path and not moved and Path(before.path).is_dir()


def _put_setting(name: str, value: bytes) -> Command[None]:
    def steps(now: int) -> Steps[None]:
        yield PutSetting(name, value)

    return steps

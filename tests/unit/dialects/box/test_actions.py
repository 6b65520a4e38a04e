"""What is asked to be done to files and folders, as changes of the tree."""

from __future__ import annotations

import msgspec
import pytest

from tests.box_samples import snapshot
from tests.contract.things import A_FILE, A_FOLDER
from wakeful.core.changes import UNLOCK, Annotate, ById, Copy, Facts, Move, NewVersion, Noted, Tell
from wakeful.core.errors import InvalidName, NotFound
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, Person
from wakeful.core.items import Kind, Lock, Notes
from wakeful.dialects.bodies import decode
from wakeful.dialects.box import actions, shapes
from wakeful.dialects.box.actions import (
    FileUpdate,
    FileVersion,
    FolderUpdate,
    NewCopy,
    SyncState,
)
from wakeful.dialects.box.items import item_full, item_noted

IT = ById(A_FILE.id)
MINE = Lock(id=7, by=8, at=1_000, until=9_000, no_download=True)


def asked(body: bytes) -> FileUpdate:
    return decode(body, msgspec.json.Decoder(FileUpdate))


@pytest.mark.parametrize("name", ["a\\b", " a", "a ", "a\tb", "a\x7f", "", ".", "a/b"])
def test_a_name_that_box_refuses_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        actions.check_box_name(name)


@pytest.mark.parametrize("name", ["a", "a b", "Ünïcode", "👨‍👩‍👧", "a\xa0b", "a-b", "<a>"])
def test_other_names_are_taken(name: str) -> None:
    assert actions.check_box_name(name) == name


def test_only_what_is_given_changes() -> None:
    (move,) = actions.update(asked(b'{"name": "b", "shared_link": {}}'), A_FILE, None, (3,))
    assert move == Move(item=IT, name="b", only_if=(3,))

    (move,) = actions.update(asked(b"{}"), A_FILE, A_FOLDER, None)
    assert move == Move(item=IT, parent=ById(A_FOLDER.id))


def test_a_name_that_it_has_already_is_not_judged() -> None:
    odd = msgspec.structs.replace(A_FILE, name=" odd ")

    (move,) = actions.update(FileUpdate(name=" odd "), odd, None, None)

    assert move == Move(item=IT)


@pytest.mark.parametrize(
    ("body", "lock"),
    [
        (b'{"lock": null}', UNLOCK),
        (b'{"lock": {"type": "lock"}}', Lock(id=0, by=0, at=0)),
        (
            b'{"lock": {"expires_at": "1970-01-01T00:00:05Z", "is_download_prevented": true}}',
            Lock(id=0, by=0, at=0, until=5_000, no_download=True),
        ),
        (b'{"tags": []}', None),
    ],
)
def test_a_lock_is_put_on_and_taken_off(body: bytes, lock: Lock | None) -> None:
    (noted,) = actions.update(asked(body), A_FILE, None, None)

    assert isinstance(noted, Annotate)
    assert noted.lock == lock
    assert (noted.lock is UNLOCK) == (lock is UNLOCK)
    assert noted.types[Noted.LOCKED] == ("LOCK_CREATE", EVERY_CLASS)
    assert noted.types[Noted.TAGGED] == ("TAG_ITEM_CREATE", ONLY_ALL)


def test_a_sync_state_is_told_to_the_user_alone() -> None:
    alone = actions.update_folder(
        FolderUpdate(sync_state=SyncState.SYNCED), A_FOLDER, None, None, 5
    )
    both = actions.update_folder(
        FolderUpdate(name="b", sync_state=SyncState.NOT_SYNCED), A_FOLDER, None, None, 5
    )

    (told,) = alone
    assert isinstance(told, Tell)
    assert (told.type, told.audience) == ("ITEM_SYNC", (5,))
    assert [type(change) for change in both] == [Move, Tell]


def test_only_the_present_version_is_copied() -> None:
    parent = NewCopy(parent=actions.Reference("5"), version=str(A_FILE.version))

    assert isinstance(actions.copy(parent, A_FILE, A_FOLDER), Copy)
    with pytest.raises(NotFound):
        actions.copy(msgspec.structs.replace(parent, version="1"), A_FILE, A_FOLDER)


def test_a_new_version_may_have_another_name() -> None:
    facts = Facts(size=5)

    (same,) = actions.new_version(FileVersion(name="a.txt"), A_FILE, facts, (1,))
    _, renamed = actions.new_version(FileVersion(name="b"), A_FILE, facts, None)

    assert same == NewVersion(item=IT, facts=facts, only_if=(1,))
    assert renamed == Move(item=IT, name="b")


def test_a_lock_is_shown_until_its_time_is_over() -> None:
    item = snapshot(notes=Notes("mine", ("a",), MINE), locked_by=Person(8, "Bob", "bob"))

    during, after = item_noted(item, 8_999), item_noted(item, 9_000)

    assert isinstance(during, shapes.File)
    assert isinstance(after, shapes.File)
    assert (during.description, during.tags) == ("mine", ("a",))
    assert isinstance(during.lock, shapes.FileLock)
    assert (during.lock.id, during.lock.created_by.login) == ("7", "bob")
    assert after.lock is None
    plain = item_full(item)
    assert isinstance(plain, shapes.File)
    assert plain.lock is msgspec.UNSET


def test_a_folder_has_tags_and_no_lock() -> None:
    folder = item_noted(snapshot(kind=Kind.FOLDER, notes=Notes("", ("a",))), 0)

    assert isinstance(folder, shapes.Folder)
    assert folder.tags == ("a",)

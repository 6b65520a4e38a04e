"""What is kept of what files held, and how it is had again."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import Change, CreateFolder, Facts, Made, NewVersion, Recover, Upload
from wakeful.core.errors import Forbidden, NameTaken, NotFound, Outdated
from wakeful.core.events import ItemEvent
from wakeful.core.items import Item, Version
from wakeful.core.lookups.trees import VersionsOf
from wakeful.core.people import Role
from wakeful.core.terms import Terms


def facts(name: str) -> Facts:
    return Facts(
        size=len(name),
        sha1=f"sha1 of {name}",
        content_hash=f"hash of {name}",
        content=f"address of {name}",
        content_modified_at=len(name),
    )


class Kept(World):
    def __init__(self) -> None:
        super().__init__()
        self.files = [self.do(Upload(parent=self.home(), name="a", facts=facts("first")))]
        for name in ("second one", "third"):
            self.files.append(self.do(NewVersion(item=by_id(self.files[0]), facts=facts(name))))

    def versions(self, file: Item) -> tuple[Version, ...]:
        return self.ask(VersionsOf(file.id, 10))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_what_a_file_held_is_kept_when_something_else_takes_its_place(kept: Kept) -> None:
    second, first = kept.versions(kept.files[0])

    assert (first.id, first.content, first.size) == (kept.files[0].version, "address of first", 5)
    assert (second.id, second.modified_at) == (kept.files[1].version, kept.files[1].modified_at)
    assert second.replaced_at == kept.files[2].modified_at


def test_of_what_is_not_here_nothing_is_kept(kept: Kept) -> None:
    file = kept.file("b")

    kept.do(NewVersion(item=by_id(file), facts=facts("here")))

    assert kept.versions(file) == ()


def test_a_version_is_had_again_as_new_content(kept: Kept) -> None:
    file, first = kept.files[2], kept.files[0]

    now = kept.do(Recover(of=file.id, version=first.version, item=by_id(file)))

    assert now.version not in {each.version for each in kept.files}
    assert (now.content, now.sha1, now.content_modified_at) == (
        first.content,
        first.sha1,
        first.content_modified_at,
    )
    assert [version.id for version in kept.versions(file)] == [
        each.version for each in reversed(kept.files)
    ]
    assert kept.types()[-1] == ItemEvent.REVERT


def test_a_version_is_had_again_in_another_place(kept: Kept) -> None:
    file = kept.files[2]

    published = kept.publish(
        kept.ann,
        CreateFolder(parent=kept.home(), name="f"),
        Recover(of=file.id, version=file.version, parent=Made(0), name="b"),
        Recover(of=file.id, version=kept.files[1].version, item=Made(1)),
    )

    assert kept.types()[-2:] == [ItemEvent.UPLOAD, ItemEvent.UPLOAD]
    assert kept.at("f/b") == published.applied.items[-1]
    assert kept.at("f/b").content == kept.files[1].content


def test_what_cannot_be_had_again_is_refused(kept: Kept) -> None:
    file, there = kept.files[2], by_id(kept.files[2])
    bare = kept.file("bare")
    team = kept.shared(kept.bob, "Team")
    theirs = kept.publish(
        kept.bob, Upload(parent=by_id(kept.root(team)), name="t", facts=facts("theirs"))
    ).applied.items[0]
    assert theirs is not None
    folder = kept.folder("f")
    refused: tuple[tuple[Change, type[Exception]], ...] = (
        (Recover(of=file.id, version=999, item=there), NotFound),
        (Recover(of=999, version=file.version, item=there), NotFound),
        (Recover(of=folder.id, version=0, item=there), NotFound),
        (Recover(of=bare.id, version=bare.version, item=there), NotFound),
        (Recover(of=theirs.id, version=theirs.version, item=there), NotFound),
        (Recover(of=file.id, version=file.version, item=there, only_if=(99,)), Outdated),
        (Recover(of=file.id, version=file.version, parent=kept.home(), name="A"), NameTaken),
    )
    before = kept.tree(), kept.count()
    for change, expected in refused:
        with pytest.raises(expected):
            kept.publish(kept.ann, change, terms=Terms(folds=True))

    assert (kept.tree(), kept.count()) == before


def test_who_may_not_read_a_version_does_not_have_it_again(kept: Kept) -> None:
    team = kept.shared(kept.ann, "Team", bob=Role.PREVIEWER_UPLOADER)
    root = by_id(kept.root(team))
    first = kept.do(Upload(parent=root, name="t", facts=facts("1")))
    second = kept.do(NewVersion(item=by_id(first), facts=facts("2")))

    for version in (first.version, second.version):
        for parent in (root, by_id(kept.root(kept.bob.home))):
            change = Recover(of=first.id, version=version, parent=parent, name="b")
            with pytest.raises(Forbidden):
                kept.publish(kept.bob, change)


def test_nothing_is_recovered_in_a_watched_folder(kept: Kept) -> None:
    file = kept.files[2]
    home = frozenset({kept.ann.home})
    for terms in (Terms(watched=home), Terms(watched=home, done=home)):
        for change in (
            Recover(of=file.id, version=file.version, item=by_id(file)),
            Recover(of=file.id, version=file.version, parent=kept.home(), name="b"),
        ):
            with pytest.raises(Forbidden):
                kept.publish(kept.ann, change, terms=terms)

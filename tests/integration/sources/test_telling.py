"""What a person does to a watched folder, and what is told of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests import components
from tests.integration.sources.watching import Told, Watching, until
from wakeful.stores.memory import MemoryStore


@pytest.fixture
async def watching(root: Path) -> AsyncIterator[Watching]:
    """A folder with a few things in it, watched."""
    (root / "letter.txt").write_text("Dear reader")
    (root / "other.txt").write_text("Another one")
    (root / "pictures").mkdir()
    (root / "pictures" / "cat.jpg").write_bytes(b"cat")
    (root / "pictures" / "dog.jpg").write_bytes(b"a dog")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live():
        yield watching


async def after(watching: Watching, deed: Callable[[Path], object]) -> list[Told]:
    """What is told of *deed*, once it is recorded."""
    with watching.at_one_moment():
        await asyncio.to_thread(deed, watching.root)
    told: list[Told] = []

    async def some() -> bool:
        told.extend(await watching.told())
        return bool(told)

    await until(some)
    await watching.settled()
    return told + await watching.told()


def shell(command: str) -> Callable[[Path], object]:
    """A deed that is done by programs, in the folder."""
    return lambda root: subprocess.run(["sh", "-ec", command], cwd=root, check=True)


DEEDS = [
    pytest.param("echo new > note.txt", ["item.upload note.txt"], id="a new file"),
    pytest.param(": > empty", ["item.upload empty"], id="an empty file"),
    pytest.param("mkdir letters", ["item.create letters"], id="a new folder"),
    pytest.param("echo more >> letter.txt", ["item.upload letter.txt"], id="more in a file"),
    pytest.param("mv letter.txt post.txt", ["item.rename post.txt"], id="another name"),
    pytest.param("mv letter.txt pictures/", ["item.move pictures/letter.txt"], id="another folder"),
    pytest.param(
        "mv letter.txt pictures/post.txt", ["item.move pictures/post.txt"], id="another place"
    ),
    pytest.param("rm letter.txt", ["item.trash letter.txt"], id="a file is deleted"),
    pytest.param("mv pictures images", ["item.rename images"], id="a folder gets another name"),
    pytest.param("rm -r pictures", ["item.trash pictures"], id="a folder is deleted"),
    pytest.param("mv pictures ..", ["item.trash pictures"], id="a folder is moved out"),
    pytest.param("mv letter.txt ..", ["item.trash letter.txt"], id="a file is moved out"),
    pytest.param(
        "mkdir -p a/b/c && echo 1 > a/b/c/d",
        ["item.create a", "item.create a/b", "item.create a/b/c", "item.upload a/b/c/d"],
        id="folders in folders",
    ),
    pytest.param(
        "mkdir old && mv pictures old/",
        ["item.create old", "item.move old/pictures"],
        id="into a new folder",
    ),
    pytest.param(
        "mv pictures gone && mkdir pictures",
        ["item.rename gone", "item.create pictures"],
        id="a folder of the same name again",
    ),
    pytest.param(
        # By one program: with two names for longer than the hold it would be another deed.
        """python3 -c 'import os; os.link("letter.txt", "copy.txt"); os.remove("letter.txt")'""",
        ["item.rename copy.txt"],
        id="another name by a hard link",
    ),
    pytest.param(
        "mv other.txt third.txt && mv letter.txt other.txt",
        ["item.rename third.txt", "item.rename other.txt"],
        id="one takes the name of another that moved on",
    ),
    # Rule 3 of wakeful.sources.plan: both are old, so a person moved one over the other.
    pytest.param(
        "mv -f letter.txt other.txt",
        ["item.trash other.txt", "item.rename other.txt"],
        id="over another known file",
    ),
    # Programs that save.
    pytest.param(
        "echo new > .letter.tmp && mv .letter.tmp letter.txt",
        ["item.upload letter.txt"],
        id="saved by a temporary file",
    ),
    pytest.param(
        "mv letter.txt letter.txt~ && echo new > letter.txt && rm letter.txt~",
        ["item.upload letter.txt"],
        id="saved by a backup that is removed",
    ),
    pytest.param(
        "mv letter.txt letter.txt~ && echo new > letter.txt",
        ["item.upload letter.txt"],
        id="saved by a backup that never shows",
    ),
    pytest.param(
        "mv letter.txt letter.txt.bak && echo new > letter.txt",
        ["item.upload letter.txt", "item.upload letter.txt.bak"],
        id="saved by a backup that shows",
    ),
    pytest.param(
        "mv letter.txt letter.txt.bak", ["item.rename letter.txt.bak"], id="renamed to a backup"
    ),
    pytest.param(
        "rm letter.txt && echo new > letter.txt", ["item.upload letter.txt"], id="removed first"
    ),
    pytest.param(
        "sed -i s/reader/writer/ letter.txt", ["item.upload letter.txt"], id="saved by sed -i"
    ),
    pytest.param(
        "sed -i.bak s/reader/writer/ letter.txt",
        ["item.upload letter.txt", "item.upload letter.txt.bak"],
        id="saved by sed with a backup",
    ),
    pytest.param(
        "touch .~lock.letter.txt# && echo new > letter.txt && rm .~lock.letter.txt#",
        ["item.upload letter.txt"],
        id="saved by an office with a lock file",
    ),
    pytest.param(
        "echo data > film.mkv.part && mv film.mkv.part film.mkv",
        ["item.upload film.mkv"],
        id="a finished download",
    ),
    pytest.param(
        "cp -p letter.txt .letter.txt.x7GhQ2 && echo more >> .letter.txt.x7GhQ2"
        " && mv .letter.txt.x7GhQ2 letter.txt",
        ["item.upload letter.txt"],
        id="saved by rsync",
    ),
]


@pytest.mark.parametrize(("command", "told"), DEEDS)
async def test_each_deed_is_told_as_what_it_was(
    watching: Watching, command: str, told: list[str]
) -> None:
    before = {path: item.id for path, item in (await watching.items()).items()}

    events = await after(watching, shell(command))

    assert sorted(map(str, map(repr, events))) == sorted(told)
    for event in events:
        if event.type in ("item.rename", "item.move", "item.trash"):
            assert event.item in before.values(), f"{event} has lost its id"


@pytest.mark.parametrize(
    "command",
    [
        "echo new > .letter.tmp && mv .letter.tmp letter.txt",
        "mv letter.txt letter.txt~ && echo new > letter.txt",
        "rm letter.txt && echo new > letter.txt",
        "sed -i s/reader/writer/ letter.txt",
        "vim -es -u NONE -c 'set backup writebackup backupcopy=no' -c '%s/reader/you/' -c 'wq'"
        " letter.txt",
        "vim -es -u NONE -c 'set nobackup writebackup backupcopy=yes' -c '%s/reader/you/' -c 'wq'"
        " letter.txt",
    ],
)
async def test_a_save_is_one_new_version_of_the_same_item(watching: Watching, command: str) -> None:
    program = command.split()[0]
    if program == "vim":
        components.program(program)
    before = await watching.item("letter.txt")

    told = await after(watching, shell(command))

    saved = await watching.item("letter.txt")
    assert [event for event in told if event.path == "letter.txt"] == [
        Told("item.upload", "letter.txt", before.id)
    ]
    assert saved.id == before.id
    assert saved.revision == before.revision + 1
    content = (watching.root / "letter.txt").read_bytes()
    assert saved.sha1 == hashlib.sha1(content).hexdigest()
    assert saved.size == len(content)


async def test_git_shows_its_files_and_not_its_insides(watching: Watching) -> None:
    components.program("git")
    git = "git -c user.name=x -c user.email=x@example.org"
    await after(
        watching,
        shell(
            f"git init -q && git add . && {git} commit -qm one && {git} checkout -qb two"
            f" && echo two > letter.txt && echo 2 > two.txt && git add . && {git} commit -qm two"
        ),
    )

    told = await after(watching, shell("git checkout -q -"))

    assert sorted(map(repr, told)) == ["item.trash two.txt", "item.upload letter.txt"]
    assert not any(path.startswith(".git") for path in await watching.items())


async def test_an_unpacked_archive_is_told_file_by_file(watching: Watching) -> None:
    told = await after(
        watching,
        shell(
            "d=$(mktemp -d) && mkdir -p $d/x/y && for i in 1 2 3; do echo $i > $d/x/y/$i; done"
            " && tar cf $d/a.tar -C $d x && tar xf $d/a.tar && rm -r $d"
        ),
    )

    assert sorted(map(repr, told)) == [
        "item.create x",
        "item.create x/y",
        *(f"item.upload x/y/{number}" for number in (1, 2, 3)),
    ]


async def test_a_folder_that_comes_in_is_told_with_what_is_in_it(
    watching: Watching, outside: Path
) -> None:
    (outside / "trip" / "day 1").mkdir(parents=True)
    (outside / "trip" / "day 1" / "sea.jpg").write_bytes(b"sea")

    told = await after(watching, lambda root: (outside / "trip").rename(root / "trip"))

    assert list(map(repr, told)) == [
        "item.create trip",
        "item.create trip/day 1",
        "item.upload trip/day 1/sea.jpg",
    ]


async def test_what_is_in_a_moved_folder_is_followed_at_its_new_place(
    watching: Watching,
) -> None:
    await after(watching, shell("mkdir a && mv pictures a/images"))

    told = await after(watching, shell("echo x >> a/images/cat.jpg"))

    assert list(map(repr, told)) == ["item.upload a/images/cat.jpg"]


async def test_what_moved_out_is_followed_no_more(watching: Watching, outside: Path) -> None:
    await after(watching, lambda root: (root / "pictures").rename(outside / "pictures"))

    (outside / "pictures" / "cat.jpg").write_bytes(b"changed")
    told = await after(watching, shell("echo 1 > letter.txt"))

    assert list(map(repr, told)) == ["item.upload letter.txt"]


async def test_many_names_in_a_moment_are_one_item(watching: Watching) -> None:
    before = await watching.item("letter.txt")

    def deed(root: Path) -> None:
        for old, new in (("letter.txt", "a"), ("a", "b"), ("b", "pictures/c")):
            (root / old).rename(root / new)

    await after(watching, deed)

    assert (await watching.item("pictures/c")).id == before.id


async def test_two_files_that_change_places_have_each_others_content(
    watching: Watching,
) -> None:
    contents = {name: (watching.root / name).read_bytes() for name in ("letter.txt", "other.txt")}
    before = {path: item.id for path, item in (await watching.items()).items()}

    def deed(root: Path) -> None:
        for old, new in (("letter.txt", "x"), ("other.txt", "letter.txt"), ("x", "other.txt")):
            (root / old).rename(root / new)

    await after(watching, deed)

    items = await watching.items()
    assert sorted(item.id for item in items.values()) == sorted(before.values())
    assert items["letter.txt"].size == len(contents["other.txt"])
    assert items["other.txt"].size == len(contents["letter.txt"])


async def test_two_folders_that_change_places_keep_their_ids(watching: Watching) -> None:
    await after(watching, shell("mkdir a && echo 1 > a/one"))
    before = {path: item.id for path, item in (await watching.items()).items()}

    await after(watching, shell("mv a x && mv pictures a && mv x pictures"))

    items = {path: item.id for path, item in (await watching.items()).items()}
    assert items["a"] == before["pictures"]
    assert items["pictures"] == before["a"]
    assert items["pictures/one"] == before["a/one"]


async def test_a_slow_temporary_file_gives_its_content_to_the_item_it_replaces(
    watching: Watching,
) -> None:
    before = await watching.item("letter.txt")
    await after(watching, shell("echo new > saving"))

    told = await after(watching, shell("mv saving letter.txt"))

    assert sorted(map(repr, told)) == ["item.trash saving", "item.upload letter.txt"]
    assert (await watching.item("letter.txt")).id == before.id


async def test_a_touched_file_is_no_change(watching: Watching) -> None:
    await after(watching, shell("echo new > letter.txt"))
    before = await watching.item("letter.txt")

    os.utime(watching.root / "letter.txt", ns=(1, 1))
    with (watching.root / "letter.txt").open("ab"):
        pass  # closed after writing nothing: the notice that makes it look

    async def noticed() -> bool:
        seen = (await watching.item("letter.txt")).seen
        return seen is not None and seen.mtime_ns == 1

    await until(noticed)
    assert await watching.told() == []
    assert (await watching.item("letter.txt")).revision == before.revision


async def test_an_ignored_name_never_shows(root: Path) -> None:
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(ignore=["*.log", "/build/"]):
        told = await after(
            watching,
            shell(
                "mkdir build && echo 1 > build/out && echo 1 > a.log && mkdir -p src/build"
                " && echo 2 > src/build/in && echo 3 > a.txt"
            ),
        )

    assert sorted(map(repr, told)) == [
        "item.create src",
        "item.create src/build",
        "item.upload a.txt",
        "item.upload src/build/in",
    ]


async def test_the_data_folder_inside_the_root_is_left_out(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / "db").write_text("1")
    watching = await Watching.on(root, MemoryStore())
    async with watching.live(exclude=[root / "data"]):
        told = await after(watching, shell("echo 2 > data/db && echo 3 > a.txt"))

    assert list(map(repr, told)) == ["item.upload a.txt"]
    assert "data" not in await watching.items()

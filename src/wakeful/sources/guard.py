"""Whether the root is still the folder that was watched.

A disk that is not mounted looks like a folder without files. What is missing then was not
deleted, so the source pauses instead of telling everybody that everything is gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import msgspec


class Paused(Exception):
    """The root cannot be trusted at present; the message says why."""


class Identity(msgspec.Struct, frozen=True):
    """What tells one folder on one file system from another, also after a restart.

    `st_dev` is not part of it: it may change with every mount.
    """

    inode: int
    file_system: int  # f_fsid; of ext4, XFS and others it comes from the disk's UUID


def identify(root: str) -> tuple[Identity, int]:
    """Who the folder at *root* is, and its device number. Raises Paused where there is none."""
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Paused(f"the folder cannot be opened: {error.strerror}") from error
    try:
        stat = os.fstat(fd)
        return Identity(stat.st_ino, os.fstatvfs(fd).f_fsid), stat.st_dev
    finally:
        os.close(fd)


def check_same(root: str, identity: Identity) -> None:
    """Raise Paused where *root* is gone, or another folder took its place."""
    found, _ = identify(root)
    if found != identity:
        raise Paused("another folder or file system is in its place")


def check_familiar(
    root: str, found: Identity, recorded: Identity | None, names: Iterable[str]
) -> None:
    """Raise Paused where the folder cannot be the one that was recorded.

    *names* are the recorded ones directly in the root. An empty folder is not taken for one
    whose content was deleted; one with another identity is taken for the recorded one (restored
    from a backup, copied to a new disk) where at least one of those names is in it.
    """
    expected = set(names)
    if not expected:
        return
    try:
        present = set(os.listdir(root))
    except OSError as error:
        raise Paused(f"the folder cannot be read: {error.strerror}") from error
    if not present:
        raise Paused(
            "the folder is empty, but files are recorded: is a disk not mounted?"
            " (if it was emptied on purpose, put any file into it)"
        )
    if found != recorded and not expected & present:
        raise Paused("another folder or file system is in its place, with nothing that is recorded")


def appearance(root: str) -> object:
    """Something that differs as soon as the root may have come back."""
    try:
        return identify(root)[0], frozenset(os.listdir(root))
    except (Paused, OSError):
        return None

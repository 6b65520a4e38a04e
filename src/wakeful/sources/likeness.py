"""What a file has beside its bytes where it is a copy or takes a place: owner, mode, attributes,
times."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress

from wakeful.sources.ground import FILE_FLAGS

_MOST_ATTRIBUTES = 64
_RUN_AS_ANOTHER = stat.S_ISUID | stat.S_ISGID
_CAPABILITIES = "security.capability"
"""The attribute by which whoever runs a file has rights of the superuser."""


def take_after(new: int, old: int) -> None:
    """Give the open file or folder *new* what *old* has of that, as far as the server may.

    What decides who may read it comes last. Nothing gets the right to run in the name of another:
    not a file, and not a folder that has another owner or group than its original.
    """
    found = os.fstat(old)
    mode = stat.S_IMODE(found.st_mode)
    try:
        os.fchown(new, found.st_uid, found.st_gid)
    except OSError:
        mode &= ~_RUN_AS_ANOTHER
    if not stat.S_ISDIR(found.st_mode):
        mode &= 0o777
    with suppress(OSError):
        # Lists of access are attributes to it. It takes descriptors as all of `os` does.
        shutil.copystat(old, new)  # type: ignore[arg-type] # typeshed knows of paths only
    if hasattr(os, "removexattr"):
        with suppress(OSError):
            os.removexattr(new, _CAPABILITIES)
    os.fchmod(new, mode)


def mode_of(fd: int) -> int:
    """The mode of an open file or folder."""
    return stat.S_IMODE(os.fstat(fd).st_mode)


def inherit(incoming: int, token: str, fd: int, name: str, old: os.stat_result) -> None:
    """Give a content the owner, mode and attributes of the file that it is to replace, but not the
    right to run in the name of another: it came from a client."""
    new = os.open(token, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=incoming)
    try:
        with suppress(OSError):
            os.fchown(new, old.st_uid, old.st_gid)
        _copy_attributes(fd, name, new)
        with suppress(OSError):
            os.fchmod(new, stat.S_IMODE(old.st_mode) & ~_RUN_AS_ANOTHER)
    finally:
        os.close(new)


def suit(incoming: int, token: str, fd: int) -> None:
    """Give a new file the group that the folder *fd* gives its files."""
    found = os.fstat(fd)
    if found.st_mode & stat.S_ISGID:
        with suppress(OSError):
            os.chown(token, -1, found.st_gid, dir_fd=incoming)


def date(incoming: int, token: str, modified_at: int | None) -> None:
    """Give a content the time (ms) at which it was modified, if that was said."""
    if modified_at is not None:
        os.utime(token, ns=(modified_at * 1_000_000,) * 2, dir_fd=incoming, follow_symlinks=False)


def _copy_attributes(fd: int, name: str, new: int) -> None:
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        old = os.open(name, FILE_FLAGS, dir_fd=fd)
        try:
            for attribute in os.listxattr(old)[:_MOST_ATTRIBUTES]:
                if attribute == _CAPABILITIES:
                    continue
                with suppress(OSError):
                    os.setxattr(new, attribute, os.getxattr(old, attribute))
        finally:
            os.close(old)

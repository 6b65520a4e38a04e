"""What lies on a disk while a server works there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def all_below(root: Path) -> Iterator[Path]:
    """Every file and folder below *root*, hidden ones too; links are not followed.

    `Path.rglob` fails when a folder goes away that it was about to look into, and in its hidden
    place a server removes folders after it has answered.
    """
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def put(root: Path, name: str, content: bytes | str) -> None:
    """Let the file *name* in the watched folder *root* be there, or be new, as a whole.

    A program that writes it in its place, and has to wait a second between opening it and closing
    it, has half of it told, too.
    """
    raw = content.encode() if isinstance(content, str) else content
    with tempfile.NamedTemporaryFile(dir=root.parent, delete=False) as new:
        new.write(raw)
    os.replace(new.name, root / name)

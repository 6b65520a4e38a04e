"""The errors, and the picture of them."""

from __future__ import annotations

import inspect

from wakeful.core import errors
from wakeful.core.errors import WakefulError


def test_the_picture_shows_every_error_below_its_parent() -> None:
    drawn: dict[str, str] = {}
    line_of: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        if not words.startswith("    ") or not words.strip()[0].isupper():
            continue
        depth = (len(words) - len(words.lstrip()) - 4) // 4
        name = words.split()[0]
        del line_of[depth:]
        if line_of:
            drawn[name] = line_of[-1]
        line_of.append(name)

    actual = {
        name: found.__base__.__name__
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, WakefulError) and found is not WakefulError and found.__base__
    }

    assert drawn == actual

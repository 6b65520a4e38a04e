"""What somebody sees who tries the commands for the first time."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from wakeful.cli import wakeful
from wakeful.cli.words import Seconds


def groups(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        yield words
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from groups(found, (*words, name))


@pytest.mark.parametrize("words", list(groups(wakeful)), ids=" ".join)
def test_a_list_of_commands_says_of_each_in_one_line_what_it_does(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(wakeful, [*words, "--help"], terminal_width=80)

    _, _, listed = done.output.partition("Commands:\n")
    lines = listed.splitlines()
    assert lines
    for line in lines:
        assert line.endswith("."), line
        assert not line.endswith("..."), line
        assert not line.startswith("   "), line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("user", "create"), "add, list, passwd, update"),
        (("token", "add"), "create, list, revoke"),
        (("app", "key", "list"), "add, remove"),
        (("users",), "user, app, token"),
    ],
)
def test_a_command_that_there_is_not_is_answered_with_those_that_there_are(
    words: tuple[str, ...], told: str
) -> None:
    done = CliRunner().invoke(wakeful, list(words))

    assert done.exit_code == 2
    assert f"No such command '{words[-1]}'" in done.output
    assert told in " ".join(done.output.split())


@pytest.mark.parametrize("words", [("token", "create"), ("app", "create")])
def test_the_scopes_do_not_break_the_help(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(wakeful, [*words, "--help"], terminal_width=80)

    assert "--scope SCOPE" in done.output
    assert "manage_enterprise_properties" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), (" 1 d", 86_400)],
)
def test_a_time_span_has_a_unit_or_is_in_seconds(text: str, seconds: int) -> None:
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["soon", "", "h", "-1", "0", "1.5h", "1w", "٣"])
def test_what_is_no_time_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="12h"):
        Seconds().convert(text, None, None)

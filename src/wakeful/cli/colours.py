"""Events on a terminal."""

from __future__ import annotations

from datetime import date

from rich.console import Console
from rich.text import Text

from wakeful.cli.lines import WORD_WIDTH, Printer, line_of
from wakeful.client import Event

_STYLES = {
    "create": "green",
    "upload": "green",
    "copy": "green",
    "restore": "green",
    "rename": "cyan",
    "move": "cyan",
    "trash": "red",
}


def colour_printer(console: Console, today: date) -> Printer:
    """Lines with the time alone; a day that is not *today*, or ends, has a line of its own."""
    day = today

    def show(event: Event) -> None:
        nonlocal day
        line = line_of(event)
        text = Text()
        if line.moment is not None and line.moment.date() != day:
            day = line.moment.date()
            text.append(f"{line.moment:%A, %d %B %Y}\n", style="bold")
        text.append(f"{line.moment:%H:%M:%S}" if line.moment else " " * 8, style="dim")
        text.append(f"  {line.word:<{WORD_WIDTH}}", style=_STYLES.get(line.word, "yellow"))
        text.append(f"  {line.what}")
        if line.size:
            text.append(f"  {line.size}", style="dim")
        # A long path is not broken: it could not be copied.
        console.print(text, soft_wrap=True, highlight=False)

    return show

"""Pages for people: made of templates, with all that a browser needs to be strict about them.

Rule: a page has no script and nothing from elsewhere; it stands in no frame, is kept nowhere, and
tells nobody where a browser came from. Every value in it is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import Response

if TYPE_CHECKING:
    from jinja2 import Environment

# Few servers are ever asked for a page, and none while it starts.


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and its hash as a policy names it."""
    from importlib.resources import files

    style = files(__package__).joinpath("templates/style.css").read_text(encoding="utf-8")
    return style, base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("wakeful.http"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    template: str, values: Mapping[str, object], status: int = 200, *, leads_to: str | None = None
) -> Response:
    """The page made of *template*; its forms may lead to the URI *leads_to* in the end."""
    style, style_hash = _style()
    made = _templates().get_template(f"{template}.html").render(style=style, **values)
    targets = "'self'" if leads_to is None else f"'self' {_source(leads_to)}"
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action {targets}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY"} | STRICT
    return Response(made, status, headers=headers, media_type="text/html")


STRICT = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of every answer to a browser, redirects too."""


def _source(uri: str) -> str:
    """The place of *uri*, as a policy names it: Chromium holds the redirect that follows a form
    to the same policy."""
    parts = urlsplit(uri)
    # A policy cannot name an address of IPv6.
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"

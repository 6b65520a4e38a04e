"""Somebody with a browser who allows apps what they ask for; of the browser, what forms need."""

from __future__ import annotations

import re
import ssl
from types import TracebackType
from typing import Self

import httpx2


class Person:
    """Logs in where a page asks for it, and allows everything."""

    def __init__(self, login: str, password: str, trust: ssl.SSLContext | None = None) -> None:
        self._form = {"login": login, "password": password}
        self._http = httpx2.Client(verify=trust or ssl.create_default_context(), timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def allow(self, url: str) -> str:
        """What the app at *url* is allowed: the URL to which the browser is sent with it, or
        the code that is shown."""
        page = self._http.get(url)
        if "Log in" in page.text:
            answer = self._press(url, page, do="login", **self._form)
            assert answer.status_code == 303, answer.text
            page = self._http.get(url)
        answer = self._press(url, page, do="allow")
        if answer.status_code == 303:
            return answer.headers["location"]
        assert answer.status_code == 200, answer.text
        return _found(r'class="code"[^>]*>([^<]*)<', answer.text)

    def _press(self, url: str, page: httpx2.Response, **form: str) -> httpx2.Response:
        token = _found(r'name="token" value="([^"]*)"', page.text)
        return self._http.post(url, data={"token": token, **form})


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]

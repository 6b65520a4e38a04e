"""A real browser logs in, allows an app what it asks for, and the tokens work."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.components import chromium
from tests.servers import WAKEFUL, Server, clean_environ, running

pytestmark = pytest.mark.acceptance

PASSWORD = "correct horse battery"
PHONE, DESKTOP = (390, 844), (1280, 800)
_PATIENCE = 120_000  # ms; far above what a browser takes
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    # Else it asks for a leave before a page of the test shows one on this machine.
    "--disable-features=LocalNetworkAccessChecks",
)


class Site:
    """A server, Ann with a password, and two apps."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.say("user", "add", "ann@example.com", "--name", "Ann", "--admin")
        self.say("user", "passwd", "ann@example.com", typed=f"{PASSWORD}\n")
        self.mirror = self.say(
            "app", "create", "Mirror", "--scope", "root_readwrite", "--scope",
            "manage_managed_users",
        )  # fmt: skip
        self.phone = self.say(
            "app", "create", "Phone", "--public", "--redirect-uri", "http://127.0.0.1/back"
        )

    def say(self, *words: str, typed: str | None = None) -> Any:
        done = subprocess.run(
            [str(WAKEFUL), *words, "--data", str(self.server.data), "--json"],
            input=typed or "",
            capture_output=True,
            text=True,
            env=clean_environ(),
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def url(self, path: str, made: Any, **more: str) -> str:
        asks = {"client_id": made["app"]["client_id"], "response_type": "code"} | more
        return f"{self.server.url}{path}?{urlencode(asks)}"

    def token(self, **form: str) -> Any:
        answer = httpx2.post(f"{self.server.url}/oauth2/token", data=form, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def login_of(self, token: str) -> str:
        headers = {"Authorization": f"Bearer {token}"}
        me = httpx2.get(f"{self.server.url}/2.0/users/me", headers=headers, timeout=60)
        assert me.status_code == 200, me.text
        login: str = me.json()["login"]
        return login


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    chromium()
    with running(tmp_path_factory.mktemp("consent"), tls=True) as server:
        yield Site(server)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(_QUIET), timeout=_PATIENCE
        )
        expect.set_options(timeout=_PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: Any, browser: Browser) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    # What the policy forbids is told there.
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    assert [text for text in complaints if "403" not in text] == []


def log_in(page: Page, password: str = PASSWORD) -> None:
    """As somebody does who has no mouse."""
    # Who is quicker than the page with its own focus makes the browser complain.
    expect(page.locator("[autofocus]")).to_be_focused()
    page.get_by_label("Login").fill("ann@example.com")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    fitting: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fitting


def test_ann_pastes_a_code_into_an_app(site: Site, page: Page) -> None:
    page.goto(site.url("/oauth2/authorize", site.mirror, token_access_type="offline"))
    expect(page.get_by_label("Login")).to_be_focused()
    log_in(page, "wrong password")
    expect(page.get_by_role("alert")).to_have_text("The login or the password is wrong.")
    expect(page.get_by_label("Login")).to_have_value("ann@example.com")
    log_in(page)
    expect(page.get_by_role("heading")).to_have_text("Mirror would like to")
    expect(page.get_by_role("listitem")).to_have_count(4)
    assert fits(page)
    page.get_by_role("button", name="Allow").click()

    code = page.locator(".code").inner_text()

    assert fits(page)
    app = {
        "client_id": site.mirror["app"]["client_id"],
        "client_secret": site.mirror["client_secret"],
    }
    told = site.token(grant_type="authorization_code", code=code, **app)
    assert site.login_of(told["access_token"]) == "ann@example.com"
    again = site.token(grant_type="refresh_token", refresh_token=told["refresh_token"], **app)
    assert site.login_of(again["access_token"]) == "ann@example.com"


def test_ann_is_sent_back_to_a_program_on_her_machine(site: Site, page: Page) -> None:
    back = "http://127.0.0.1:9/back"  # nothing listens there, nor need it
    verifier = "v" * 64
    page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="back in the app"))
    page.goto(
        site.url(
            "/api/oauth2/authorize",
            site.phone,
            redirect_uri=back,
            state="a b",
            code_challenge=verifier,
            code_challenge_method="plain",
        )
    )
    log_in(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("back in the app")).to_be_visible()

    told = dict(parse_qsl(urlsplit(page.url).query))

    assert told["state"] == "a b"
    pair = site.token(
        grant_type="authorization_code",
        code=told["code"],
        client_id=site.phone["app"]["client_id"],
        code_verifier=verifier,
        redirect_uri=back,
    )
    assert site.login_of(pair["access_token"]) == "ann@example.com"
    assert pair["refresh_token"]


def test_over_tls_a_browser_keeps_what_it_has_to_itself(site: Site, browser: Browser) -> None:
    """The names of the cookies have rules of their own, by which only a browser goes."""
    url = site.url("/oauth2/authorize", site.mirror)
    secure = url.replace(site.server.url, f"https://{site.server.tls_host}")
    # It does not know the authority of the test; what is trusted is tried elsewhere.
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(secure)
        log_in(page)
        page.get_by_role("button", name="Allow").click()
        expect(page.locator(".code")).to_be_visible()
        kept = {cookie["name"]: cookie for cookie in context.cookies()}
        page.goto(url)

        assert set(kept) == {"__Host-wakeful_browser", "__Host-wakeful_session"}
        for cookie in kept.values():
            assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        expect(page.get_by_label("Password")).to_be_visible()  # without TLS they are not sent


def test_no_other_page_has_ours_in_a_frame(site: Site, browser: Browser) -> None:
    url = site.url("/oauth2/authorize", site.mirror)
    with browser.new_context() as context:
        page = context.new_page()
        page.route(
            "http://evil.test/",
            lambda route: route.fulfill(
                content_type="text/html", body=f"<iframe src='{url}'></iframe>"
            ),
        )
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.goto("http://evil.test/")


def test_ann_says_no_and_logs_out(site: Site, page: Page) -> None:
    url = site.url("/oauth2/authorize", site.mirror)
    page.goto(url)
    log_in(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading")).to_have_text("Not allowed")
    page.goto(url)
    expect(page.get_by_role("heading")).to_have_text("Mirror would like to")

    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_role("heading")).to_have_text("Log in to go on to Mirror")
    page.goto(url)
    expect(page.get_by_label("Password")).to_be_visible()

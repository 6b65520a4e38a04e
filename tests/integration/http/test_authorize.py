"""The authorize pages and the codes from them: every way through, and every refusal."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import threading
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from tests.integration.http.conftest import Json, World, limited
from wakeful.access import Concerned
from wakeful.core.accounts import digest_of, update_user
from wakeful.core.apps import create_app, disable_app
from wakeful.core.credentials import App
from wakeful.core.errors import Unavailable, WakefulError
from wakeful.core.passwords import set_password
from wakeful.http import browsers
from wakeful.http.app import build_app
from wakeful.signin import login as sessions

SECRET = "s" * 32
PASSWORD = "correct horse"
URI = "https://app.test/back?of=app"
SCOPES = ("root_readwrite", "manage_managed_users")
VERIFIER = "v" * 50
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
PREFIXES = ("/oauth2", "/1/oauth2", "/api/oauth2")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


async def refused(asking: Awaitable[object]) -> WakefulError:
    """Why something is not done."""
    try:
        await asking
    except WakefulError as error:
        return error
    raise AssertionError("it is done")


class Browser:
    """Keeps cookies, and presses buttons; goes nowhere by itself."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.url = ""
        self.page: httpx2.Response

    async def visit(self, path: str, **parameters: str) -> httpx2.Response:
        self.url = f"{path}?{urlencode(parameters)}"
        self.page = await self.http.get(self.url)
        return self.page

    async def press(self, button: str, **fields: str) -> httpx2.Response:
        """Press a button of the form on the page, having filled in *fields*."""
        form = {"token": found(r'name="token" value="([^"]*)"', self.page.text), "do": button}
        return await self.send(form | fields)

    async def send(self, form: dict[str, str], **headers: str) -> httpx2.Response:
        self.page = await self.http.post(self.url, data=form, headers=headers)
        if self.page.headers.get("location", "").startswith("authorize?"):
            answer = self.page
            self.page = await self.http.get(self.url)
            return answer
        return self.page

    def forget(self) -> None:
        self.http.cookies.clear()

    async def log_in(self, login: str = "ann", password: str = PASSWORD) -> httpx2.Response:
        return await self.press("login", login=login, password=password)

    async def code(self, path: str, **parameters: str) -> str:
        """The code that Ann gets where she allows everything."""
        await self.visit(path, **parameters)
        if "Log in" in self.page.text:
            await self.log_in()
        answer = await self.press("allow")
        if answer.status_code == 303:
            return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
        assert answer.status_code == 200
        return found(r'class="code"[^>]*>([^<]*)<', answer.text)


class Stage:
    def __init__(self, world: World, app: App, public: App) -> None:
        self.world = world
        self.app = app
        self.public = public
        self.asks = {"client_id": app.client_id, "response_type": "code"}
        self.credentials = {"client_id": app.client_id, "client_secret": SECRET}

    async def browser(self, **settings: Any) -> Browser:
        return Browser((await self.world.client(None, **settings)).http)

    async def token(self, path: str = "/oauth2/token", **form: str) -> Json:
        answer = await self.post(path, **form)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        told: Json = answer.json()
        return told

    async def post(self, path: str = "/oauth2/token", **form: str) -> httpx2.Response:
        return await self.world.nobody.http.post(path, data=self.credentials | form)

    async def redeem(self, code: str, path: str = "/oauth2/token", **form: str) -> Json:
        return await self.token(path, grant_type="authorization_code", code=code, **form)

    async def refusal(self, **form: str) -> str:
        answer = await self.post(**form)
        assert answer.status_code == 400, answer.text
        word: str = answer.json()["error"]
        return word

    async def dropbox(self, token: str, function: str) -> httpx2.Response:
        client = await self.world.client(token)
        return await client.ask("POST", f"/2/{function}")

    async def login_of(self, token: str) -> str:
        """Whose token it is."""
        client = await self.world.client(token)
        login: str = (await client.get("/2.0/users/me"))["login"]
        return login


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing, which is slow on purpose, is tried where it stands."""
    monkeypatch.setattr(
        sessions, "is_password", lambda text, kept: kept is not None and text == PASSWORD
    )


@pytest.fixture
async def stage(world: World) -> Stage:
    assert world.ann.user is not None
    enterprise = world.ann.user.enterprise
    uris = (URI, "http://localhost/cb")
    app = await world.store.commit(
        create_app(enterprise, "Mirror", SCOPES, "c" * 32, digest_of(SECRET), uris)
    )
    public = await world.store.commit(
        create_app(enterprise, '<Phone> & "Co"', SCOPES, "p" * 32, b"", uris)
    )
    for client in (world.ann, world.bob, world.eve):
        await world.store.commit(set_password(client.id, "kept"))
    return Stage(world, app, public)


# --- all the way ---


async def test_a_code_is_pasted_for_tokens_of_dropbox(stage: Stage) -> None:
    browser = await stage.browser()
    code = await browser.code("/oauth2/authorize", **stage.asks, token_access_type="offline")

    told = await stage.redeem(code)

    assert "within the next 10 minutes" in browser.page.text
    assert told | {"access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "refresh_token": "",
        "token_type": "bearer",
        "expires_in": 14400,
        "uid": str(stage.world.ann.id),
        "account_id": f"dbid:{str(stage.world.ann.id).rjust(35, 'A')}",
        "scope": "account_info.read files.metadata.read files.content.read sharing.read "
        "files.metadata.write files.content.write sharing.write members.read team_data.member",
    }
    account = await stage.dropbox(told["access_token"], "users/get_current_account")
    assert account.json()["account_id"] == told["account_id"]
    for path in ("/oauth2/token", "/1/oauth2/token"):
        again = await stage.token(
            path, grant_type="refresh_token", refresh_token=told["refresh_token"]
        )
        assert set(again) == {"access_token", "token_type", "expires_in"}
        assert await stage.login_of(again["access_token"]) == "ann"


async def test_version_1_gets_a_token_that_stays(stage: Stage) -> None:
    browser = await stage.browser()
    code = await browser.code("/1/oauth2/authorize", **stage.asks)

    told = await stage.redeem(code, "/1/oauth2/token")

    assert told == {
        "access_token": told["access_token"],
        "token_type": "bearer",
        "uid": str(stage.world.ann.id),
    }
    assert await stage.login_of(told["access_token"]) == "ann"


async def test_without_a_word_dropbox_gives_a_short_token_alone(stage: Stage) -> None:
    code = await (await stage.browser()).code("/oauth2/authorize", **stage.asks)

    told = await stage.redeem(code)

    assert told["expires_in"] == 14400
    assert "refresh_token" not in told


async def test_boxs_browser_is_sent_back_for_a_pair_that_rotates(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/api/oauth2/authorize", **stage.asks, redirect_uri=URI, state="s&é")
    await browser.log_in()
    sent = await browser.press("allow")

    location = urlsplit(sent.headers["location"])
    told = dict(parse_qsl(location.query))
    assert f"{location.scheme}://{location.netloc}{location.path}" == "https://app.test/back"
    assert set(told) == {"of", "code", "state"}
    assert told["state"] == "s&é"
    pair = await stage.redeem(told["code"])  # box.md 6: without the redirect_uri
    assert pair["restricted_to"] == []
    assert pair["expires_in"] == 3600
    assert await stage.login_of(pair["access_token"]) == "ann"
    fresh = await stage.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert fresh["refresh_token"] != pair["refresh_token"]


async def test_one_redirect_uri_need_not_be_named_on_boxs_page(stage: Stage) -> None:
    one = await stage.world.store.commit(
        create_app(stage.app.enterprise, "One", SCOPES, "1" * 32, digest_of(SECRET), (URI,))
    )
    asks = {"client_id": one.client_id, "response_type": "code"}
    browser = await stage.browser()

    await browser.visit("/api/oauth2/authorize", **asks)
    await browser.log_in()
    sent = await browser.press("allow")

    assert sent.headers["location"].startswith(URI + "&code=")
    assert (await browser.visit("/api/oauth2/authorize", **stage.asks)).status_code == 400
    assert (await browser.visit("/oauth2/authorize", **asks)).status_code == 200


async def test_a_box_code_that_is_shown_says_how_short_it_lives(stage: Stage) -> None:
    none = await stage.world.store.commit(
        create_app(stage.app.enterprise, "None", SCOPES, "n" * 32, digest_of(SECRET))
    )
    browser = await stage.browser()

    await browser.code("/api/oauth2/authorize", client_id=none.client_id, response_type="code")

    assert "within the next 30 seconds" in browser.page.text


async def test_a_public_app_shows_its_verifier_and_no_secret(stage: Stage) -> None:
    asks = {"client_id": stage.public.client_id, "response_type": "code"}
    uri = "http://localhost:4711/cb"
    code = await (await stage.browser()).code(
        "/oauth2/authorize",
        **asks,
        redirect_uri=uri,
        token_access_type="offline",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    http = stage.world.nobody.http
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri}
    form["client_id"] = stage.public.client_id

    bare = await http.post("/oauth2/token", data=form)
    wrong = await http.post("/oauth2/token", data=form | {"code_verifier": "w" * 50})
    right = await http.post("/oauth2/token", data=form | {"code_verifier": VERIFIER})

    assert [bare.json()["error"], wrong.json()["error"]] == ["invalid_grant", "invalid_grant"]
    assert right.status_code == 200
    refreshed = await http.post(
        "/oauth2/token",
        auth=(stage.public.client_id, ""),
        data={"grant_type": "refresh_token", "refresh_token": right.json()["refresh_token"]},
    )
    assert refreshed.status_code == 200
    alone = {"grant_type": "client_credentials", "client_id": stage.public.client_id}
    assert (await http.post("/oauth2/token", data=alone)).json()["error"] == "invalid_client"


async def test_what_is_asked_for_may_stand_in_the_query(stage: Stage) -> None:
    code = await (await stage.browser()).code("/oauth2/authorize", **stage.asks)
    query = urlencode(stage.credentials | {"grant_type": "authorization_code", "code": code})

    answer = await stage.world.nobody.http.post(
        f"/oauth2/token?{query}", headers={"Content-Type": "application/json"}
    )

    assert await stage.login_of(answer.json()["access_token"]) == "ann"


async def test_scopes_go_by_either_name_and_no_further_than_was_allowed(stage: Stage) -> None:
    browser = await stage.browser()
    few = await browser.code("/oauth2/authorize", **stage.asks, scope="files.metadata.read")
    none = await browser.code("/oauth2/authorize", **stage.asks, scope="account_info.read")
    box = await browser.code("/oauth2/authorize", **stage.asks, scope="manage_managed_users")
    more = await browser.code(
        "/oauth2/authorize",
        **stage.asks,
        scope="files.metadata.read",
        include_granted_scopes="user",
    )

    told = await stage.redeem(few)
    nothing = await stage.redeem(none)
    assert told["scope"] == (
        "account_info.read files.metadata.read files.content.read sharing.read"
    )
    assert nothing["scope"] == "account_info.read"
    listing = await stage.dropbox(nothing["access_token"], "files/list_folder")
    assert listing.status_code == 401
    account = await stage.dropbox(nothing["access_token"], "users/get_current_account")
    assert account.status_code == 200
    assert "files" not in (await stage.redeem(box))["scope"]
    # What was given since this was allowed is not in it.
    assert "team_data" not in (await stage.redeem(more))["scope"]
    later = await browser.code(
        "/oauth2/authorize",
        **stage.asks,
        scope="files.metadata.read",
        include_granted_scopes="user",
    )
    assert "team_data.member" in (await stage.redeem(later))["scope"]


async def test_a_refresh_can_ask_for_less(stage: Stage) -> None:
    asks = stage.asks | {"token_access_type": "offline"}
    told = await stage.redeem(await (await stage.browser()).code("/oauth2/authorize", **asks))
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}

    less = await stage.token(**refresh, scope="files.metadata.read")

    assert await stage.login_of(less["access_token"]) == "ann"
    writing = await stage.world.client(less["access_token"])
    assert (await writing.ask("POST", "/v1/changes", json={"changes": []})).status_code == 403
    assert await stage.refusal(**refresh, scope="events.read") == "invalid_scope"
    assert await stage.refusal(**refresh, scope="nonsense") == "invalid_scope"


async def test_revoking_ends_the_token_and_its_refresh_token(stage: Stage) -> None:
    asks = stage.asks | {"token_access_type": "offline"}
    told = await stage.redeem(await (await stage.browser()).code("/oauth2/authorize", **asks))

    answer = await stage.dropbox(told["access_token"], "auth/token/revoke")

    assert (answer.status_code, answer.content) == (200, b"null")
    after = await stage.dropbox(told["access_token"], "users/get_current_account")
    assert after.status_code == 401
    assert (
        await stage.refusal(grant_type="refresh_token", refresh_token=told["refresh_token"])
        == "invalid_grant"
    )


# --- codes ---


async def test_a_code_that_comes_again_ends_what_it_gave(stage: Stage) -> None:
    code = await (await stage.browser()).code("/oauth2/authorize", **stage.asks)
    told = await stage.redeem(code)

    assert await stage.refusal(grant_type="authorization_code", code=code) == "invalid_grant"

    void = await stage.dropbox(told["access_token"], "users/get_current_account")
    assert void.status_code == 401


async def test_a_code_is_of_its_app_and_its_redirect_uri(stage: Stage) -> None:
    browser = await stage.browser()
    code = await browser.code("/oauth2/authorize", **stage.asks, redirect_uri=URI)
    form = {"grant_type": "authorization_code", "code": code}

    assert await stage.refusal(**form) == "invalid_grant"
    assert await stage.refusal(**form, redirect_uri=URI + "x") == "invalid_grant"
    assert await stage.refusal(**form, redirect_uri=URI, code_verifier="v" * 50) == "invalid_grant"
    assert await stage.refusal(grant_type="authorization_code", code="guess") == "invalid_grant"
    assert await stage.refusal(**form, client_secret="wrong") == "invalid_client"
    assert await stage.redeem(code, redirect_uri=URI)


# --- what is refused on a page, because nobody knows where to ---


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": ""}, id="no app"),
        pytest.param({"client_id": "nobody"}, id="an unknown app"),
        pytest.param({"redirect_uri": "https://evil.test/"}, id="another place"),
        pytest.param({"redirect_uri": "https://app.test/back"}, id="another query"),
        pytest.param({"redirect_uri": "javascript:alert(1)"}, id="a script"),
        pytest.param({"redirect_uri": URI, "state": "\udcff"}, id="no text"),
    ],
)
async def test_a_browser_is_sent_nowhere_that_is_not_registered(
    stage: Stage, prefix: str, changes: dict[str, str]
) -> None:
    browser = await stage.browser()
    asks = stage.asks | changes
    query = urlencode(asks, errors="surrogateescape")

    answer = await browser.http.get(f"{prefix}/authorize?{query}")

    assert answer.status_code == 400
    assert "This link does not work" in answer.text


async def test_a_parameter_that_is_there_twice_is_refused(stage: Stage) -> None:
    browser = await stage.browser()

    answer = await browser.visit("/oauth2/authorize", **stage.asks, redirect_uri=URI)
    again = await browser.http.get(f"{browser.url}&redirect_uri=https://evil.test")

    assert (answer.status_code, again.status_code) == (200, 400)


async def test_a_disabled_app_asks_for_nothing(stage: Stage) -> None:
    await stage.world.access.changing(
        disable_app(stage.app.id, is_disabled=True), Concerned(app=stage.app.id)
    )

    answer = await (await stage.browser()).visit("/oauth2/authorize", **stage.asks)

    assert answer.status_code == 400


# --- what the app is told ---


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "events.read"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"token_access_type": "for ever"}, "invalid_request"),
        ({"client_id": "p" * 32}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("redirect_uri", [URI, "http://localhost:4711/cb", ""])
async def test_an_app_is_told_what_is_wrong_where_it_can_be(
    stage: Stage, changes: dict[str, str], error: str, redirect_uri: str
) -> None:
    browser = await stage.browser()
    asks = stage.asks | {"redirect_uri": redirect_uri, "state": "x"} | changes

    answer = await browser.visit("/oauth2/authorize", **asks)

    if not redirect_uri:
        assert answer.status_code == 400
        assert "This link does not work" in answer.text
        return
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(redirect_uri)
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (told["error"], told["state"]) == (error, "x")
    assert told["error_description"]


async def test_who_does_not_want_it_says_so(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks, redirect_uri=URI)
    await browser.log_in()
    sent = await browser.press("deny")
    await browser.visit("/oauth2/authorize", **stage.asks)
    shown = await browser.press("deny")

    assert dict(parse_qsl(urlsplit(sent.headers["location"]).query))["error"] == "access_denied"
    assert shown.status_code == 200
    assert "The app was given nothing" in shown.text


# --- the pages ---


async def test_the_page_says_who_asks_and_for_what(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks, redirect_uri=URI)
    await browser.log_in()
    anns = browser.page.text
    await browser.press("logout")
    await browser.log_in("bob")
    bobs = browser.page.text
    await browser.visit("/oauth2/authorize", **stage.asks, scope="files.content.read")

    assert "Mirror would like to" in anns
    assert "You will go on to app.test." in anns
    assert "Add, change and delete files" in anns
    assert "Act for every user of Ours" in anns
    assert "Act for every user" not in bobs  # he is no admin
    assert "Add, change" not in browser.page.text
    assert "hear of every change" in browser.page.text
    assert "for 4 hours" in browser.page.text
    assert "a code to paste" in browser.page.text
    await browser.visit(
        "/api/oauth2/authorize", **stage.asks, redirect_uri="http://localhost:4711/cb"
    )
    assert "a program on this device" in browser.page.text
    assert "until you take it back" in browser.page.text


async def test_names_are_escaped(stage: Stage) -> None:
    asks = {"client_id": stage.public.client_id, "response_type": "code"}
    browser = await stage.browser()

    await browser.visit("/oauth2/authorize", **asks, code_challenge=CHALLENGE)
    answer = await browser.log_in('"><script>alert(1)</script>')

    assert "&lt;Phone&gt; &amp; &#34;Co&#34;" in answer.text
    assert "<Phone>" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_every_answer_is_strict_with_the_browser(stage: Stage, prefix: str) -> None:
    browser = await stage.browser()
    path = f"{prefix}/authorize"
    answers = [
        await browser.visit(path),
        await browser.visit(path, **stage.asks, redirect_uri=URI),
        await browser.log_in(password="wrong"),
        await browser.log_in(),
        browser.page,
        await browser.press("allow"),
    ]

    assert [answer.status_code for answer in answers] == [400, 200, 403, 303, 200, 303]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        if answer.status_code != 303:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "script-src" not in policy
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            style = found(r"(?s)<style>(.*)</style>", answer.text)
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{digest}'" in policy
            assert not re.search(r"(src|href|style)=", answer.text)
    # Chromium follows a form's redirect only to where the policy says.
    assert "form-action 'self' https://app.test;" in answers[4].headers["content-security-policy"]
    assert "form-action 'self';" in answers[1].headers["content-security-policy"]


async def test_a_policy_has_no_address_of_ipv6_but_its_scheme(stage: Stage) -> None:
    six = await stage.world.store.commit(
        create_app(stage.app.enterprise, "6", SCOPES, "6" * 32, b"s", ("http://[::1]/cb",))
    )
    browser = await stage.browser()
    asks = {"client_id": six.client_id, "response_type": "code"}

    await browser.visit("/oauth2/authorize", **asks, redirect_uri="http://[::1]:4711/cb")
    await browser.log_in()

    assert "form-action 'self' http:;" in browser.page.headers["content-security-policy"]


# --- logging in ---


async def test_who_is_wrong_is_told_one_and_the_same(stage: Stage) -> None:
    told = set()
    await stage.world.store.commit(set_password(stage.world.cat.id, "kept"))
    await stage.world.access.changing(
        update_user(stage.world.cat.id, is_disabled=True), Concerned(user=stage.world.cat.id)
    )
    for login, password in (
        ("ann", "wrong password"),
        ("nobody", PASSWORD),
        ("cat", PASSWORD),
        ("", ""),
    ):
        browser = await stage.browser()
        await browser.visit("/oauth2/authorize", **stage.asks)
        answer = await browser.log_in(login, password)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        told.add(found(r'id="notice">([^<]*)<', answer.text))

    assert told == {"The login or the password is wrong."}


async def test_whoever_is_wrong_a_password_is_checked_and_the_same_is_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time would tell who there is."""
    checked: list[str | None] = []

    def check(text: str, kept: str | None) -> bool:
        checked.append(kept)
        return False

    monkeypatch.setattr(sessions, "is_password", check)
    await stage.world.store.commit(set_password(stage.world.ann.id, "kept"))
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)

    for login in ("ann", "cat", "nobody"):  # Cat has no password
        await browser.log_in(login)

    assert checked == ["kept", None, None]


async def test_a_login_is_found_whatever_its_case(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)

    assert (await browser.log_in(" ANN ")).status_code == 303


@pytest.fixture
def no_time_to_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever guessed too often waits for good, however slow the machine is."""
    monkeypatch.setattr(browsers, "RateLimit", limited)


@pytest.mark.usefixtures("no_time_to_recover")
async def test_who_guesses_has_to_wait(stage: Stage) -> None:
    browser, other = await stage.browser(), await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    for _ in range(10):
        assert (await browser.log_in(password="wrong")).status_code == 403

    answer = await browser.log_in("ANN")

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many attempts" in answer.text
    await browser.visit("/oauth2/authorize", **stage.asks)
    assert (await browser.log_in("bob")).status_code == 303
    # Each app counts for itself.
    await other.visit("/oauth2/authorize", **stage.asks)
    assert (await other.log_in()).status_code == 303


@pytest.mark.usefixtures("no_time_to_recover")
async def test_who_logs_in_often_does_not_guess(stage: Stage) -> None:
    browser = await stage.browser()

    for _ in range(9):
        await browser.visit("/oauth2/authorize", **stage.asks)
        assert (await browser.log_in(password="wrong")).status_code == 403
    for _ in range(20):
        browser.forget()
        await browser.visit("/oauth2/authorize", **stage.asks)
        assert (await browser.log_in()).status_code == 303
    browser.forget()
    await browser.visit("/oauth2/authorize", **stage.asks)
    assert (await browser.log_in(password="wrong")).status_code == 403
    assert (await browser.log_in()).status_code == 429


@pytest.mark.usefixtures("no_time_to_recover")
async def test_guesses_on_the_page_of_a_link_count_here_too(stage: Stage) -> None:
    ann, browser = stage.world.ann, await stage.browser()
    made = await ann.ask("POST", "/2.0/folders", json={"name": "Team", "parent": {"id": "0"}})
    item = f"/2.0/folders/{made.json()['id']}"
    linked = await ann.ask("PUT", item, json={"shared_link": {"access": "company"}})
    await browser.visit(urlsplit(linked.json()["shared_link"]["url"]).path)
    for _ in range(10):
        assert (await browser.log_in(password="wrong")).status_code == 403

    there = await browser.log_in()
    await browser.visit("/oauth2/authorize", **stage.asks)
    here = await browser.log_in()

    assert (there.status_code, here.status_code) == (429, 429)


@pytest.mark.usefixtures("no_time_to_recover")
async def test_a_login_of_any_length_is_counted_by_its_hash(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)

    for _ in range(10):
        assert (await browser.log_in("x" * 50_000)).status_code == 403

    assert (await browser.log_in("X" * 50_000)).status_code == 429


async def test_few_passwords_are_checked_at_once_and_few_wait(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[str] = []
    finish = threading.Event()

    def slow(text: str, kept: str | None) -> bool:
        at_work.append(text)
        finish.wait()
        return False

    monkeypatch.setattr(sessions, "is_password", slow)
    log_in = sessions.LogIn(stage.world.store, stage.world.access)
    guesses = [
        asyncio.create_task(refused(log_in.session(f"user{number}", "guess")))
        for number in range(21)
    ]
    try:
        done, _ = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
        assert len(at_work) <= 2
    finally:
        finish.set()
    refusals = await asyncio.gather(*guesses)

    assert [type(task.result()) for task in done] == [Unavailable]
    assert sorted({type(refusal).__name__ for refusal in refusals}) == [
        "Unauthenticated",
        "Unavailable",
    ]
    assert len(at_work) == 20


async def test_failures_from_one_address_count_whoever_is_meant(stage: Stage) -> None:
    browser = await stage.browser(failures=limited(2))
    await browser.visit("/oauth2/authorize", **stage.asks)
    for login in ("one", "two"):
        assert (await browser.log_in(login)).status_code == 403

    assert (await browser.log_in()).status_code == 429


@pytest.mark.parametrize("how", ["password", "disabled", "logout", "time", "forged"])
async def test_a_session_ends(stage: Stage, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await stage.browser()
    ann = stage.world.ann.id
    await browser.visit("/oauth2/authorize", **stage.asks)
    await browser.log_in()
    assert "would like to" in browser.page.text
    match how:
        case "password":
            await stage.world.store.commit(set_password(ann, "another"))
        case "disabled":
            await stage.world.access.changing(
                update_user(ann, is_disabled=True), Concerned(user=ann)
            )
        case "logout":
            await browser.press("logout")
        case "time":
            browser = await stage.browser()
            with monkeypatch.context() as patched:
                patched.setattr(sessions, "SESSION_MS", -1)
                await browser.visit("/oauth2/authorize", **stage.asks)
                await browser.log_in()
        case "forged":
            sealed = stage.world.access.seal(b"form", b"x" * 32)
            for text in ("nonsense", sealed, stage.world.access.seal(b"session", b"x")):
                browser.http.cookies.set("wakeful_session", text, domain="feed.test", path="/")
                assert "Log in" in (await browser.visit("/oauth2/authorize", **stage.asks)).text

    await browser.visit("/oauth2/authorize", **stage.asks)

    assert "Log in" in browser.page.text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_cookies_are_for_the_pages_alone(stage: Stage, scheme: str) -> None:
    browser = await stage.browser(public_url=f"{scheme}://feed.test:8787")

    first = await browser.visit("/oauth2/authorize", **stage.asks)
    # Over TLS a browser would send it; this one speaks plain HTTP to the test.
    name, value = first.headers["set-cookie"].split(";")[0].split("=", 1)
    browser.http.cookies.set(name, value, domain="feed.test", path="/")
    logged_in = await browser.log_in()

    for answer in (first, logged_in):
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/;" in cookie
        assert "Domain" not in cookie
        # Nobody else on the way, nor on a host beside this one, can set such a cookie.
        assert cookie.startswith("__Host-wakeful_") is (scheme == "https")
        assert ("Secure" in cookie) is (scheme == "https")


async def test_over_tls_no_cookie_counts_that_could_have_come_without(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    await browser.log_in()

    browser.http.base_url = httpx2.URL("https://feed.test")
    secure = await browser.visit("/oauth2/authorize", **stage.asks)

    assert "Log in" in secure.text
    assert secure.headers["set-cookie"].startswith("__Host-wakeful_browser=")


async def test_somebody_of_another_enterprise_can_only_log_out(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    await browser.log_in("eve")

    assert browser.page.status_code == 403
    assert "is not for this account" in browser.page.text
    assert (await browser.press("allow")).status_code == 403
    await browser.press("logout")
    assert "Log in" in browser.page.text


# --- other pages ---


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_scripts_of_any_page_get_tokens_and_none_reads_the_page(
    stage: Stage, prefix: str
) -> None:
    http = stage.world.nobody.http
    origin = {"Origin": "https://app.test"}
    asks = stage.asks | {"redirect_uri": URI}

    before = await http.options(f"{prefix}/token", headers=origin)
    token = await http.post(f"{prefix}/token", headers=origin)
    revoked = await http.post(f"{prefix}/revoke", headers=origin)
    asked = await http.options(f"{prefix}/authorize", headers=origin)
    page = await http.get(f"{prefix}/authorize", params=asks, headers=origin)

    assert (before.status_code, token.status_code, page.status_code) == (204, 400, 200)
    assert "Content-Type" in before.headers["access-control-allow-headers"]
    for answer in (before, token, revoked):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    for answer in (asked, page):
        assert not [name for name in answer.headers if name.startswith("access-control")]


# --- forms that are not ours ---


async def test_no_other_page_presses_a_button(stage: Stage) -> None:
    victim, attacker = await stage.browser(), await stage.browser()
    for browser in (victim, attacker):
        await browser.visit("/oauth2/authorize", **stage.asks)
        await browser.log_in()
    token = found(r'name="token" value="([^"]*)"', attacker.page.text)
    own = found(r'name="token" value="([^"]*)"', victim.page.text)
    url = victim.url

    answers = [
        await victim.send({"do": "allow"}),
        await victim.send({"do": "allow", "token": "nonsense"}),
        await victim.send({"do": "allow", "token": token}),
    ]
    victim.url = f"{url}&scope=files.metadata.read"
    answers.append(await victim.send({"do": "allow", "token": own}))
    victim.url = url
    crosses = [
        await victim.send({"do": "allow", "token": own}, **{"Sec-Fetch-Site": site})
        for site in ("cross-site", "same-site")
    ]
    unknown = await victim.send({"do": "dance", "token": own})
    good = await victim.send({"do": "allow", "token": own}, **{"Sec-Fetch-Site": "same-origin"})

    for answer in answers:
        assert answer.status_code == 400
        assert "too old" in answer.text
        assert 'class="code"' not in answer.text
    assert [answer.status_code for answer in (*crosses, unknown)] == [400] * 3
    assert 'class="code"' in good.text


@pytest.mark.parametrize("token", ["\u00e9", "\0", "x" * 10_000])
async def test_a_form_with_any_token_is_answered(stage: Stage, token: str) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)

    answer = await browser.send({"do": "deny", "token": token})

    assert answer.status_code == 400
    assert "too old" in answer.text


async def test_nobody_else_logs_a_browser_in(stage: Stage) -> None:
    """Else what the victim allows would be that of the attacker's account."""
    attacker, victim = await stage.browser(), await stage.browser()
    for browser in (attacker, victim):
        await browser.visit("/oauth2/authorize", **stage.asks)
    form = {"token": found(r'name="token" value="([^"]*)"', attacker.page.text), "do": "login"}

    answer = await victim.send(form | {"login": "bob", "password": PASSWORD})

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_a_form_of_before_the_log_in_allows_nothing_after_it(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    before = found(r'name="token" value="([^"]*)"', browser.page.text)
    await browser.log_in()

    answer = await browser.send({"do": "allow", "token": before})

    assert answer.status_code == 400
    assert 'class="code"' not in answer.text


async def test_letters_in_a_url_that_have_no_place_there_stay_in_it(stage: Stage) -> None:
    app = build_app(stage.world.services)

    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].replace(b"RAW", '\u00e9 "<>'.encode())
        await app({**scope, "query_string": query}, receive, send)

    transport = httpx2.ASGITransport(app=raw)
    async with httpx2.AsyncClient(transport=transport, base_url="http://feed.test") as http:
        browser = Browser(http)
        await browser.visit("/oauth2/authorize", **stage.asks, redirect_uri=URI, state="RAW")
        answer = await browser.log_in()
        browser.url = f"/oauth2/{answer.headers['location']}"
        again = browser.page = await http.get(browser.url)
        sent = await browser.press("allow")

    assert answer.status_code == 303
    assert answer.headers["location"].isascii()
    assert "would like to" in again.text
    assert dict(parse_qsl(urlsplit(sent.headers["location"]).query))["state"] == '\u00e9 "<>'


async def test_a_browser_without_cookies_cannot_log_in(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    browser.http.cookies.clear()

    answer = await browser.log_in()

    assert answer.status_code == 400
    assert "keeps no cookies" in answer.text


async def test_a_session_that_ended_on_the_page_allows_nothing(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)
    await browser.log_in()
    await stage.world.store.commit(set_password(stage.world.ann.id, "another"))

    answer = await browser.press("allow")

    assert "Log in" in answer.text
    assert 'class="code"' not in answer.text


async def test_a_form_that_is_too_long_or_none_is_refused(stage: Stage) -> None:
    browser = await stage.browser()
    await browser.visit("/oauth2/authorize", **stage.asks)

    long = await browser.http.post(browser.url, content=b"x" * (64 * 1024 + 1))
    none = await browser.http.post(browser.url, content=b"\xff")

    assert (long.status_code, none.status_code) == (413, 400)
    assert all("<h1>" in answer.text for answer in (long, none))

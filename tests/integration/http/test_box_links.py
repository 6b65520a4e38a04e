"""Shared links: made through the Box dialect, opened by strangers, colleagues and SDKs, ended."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from tests.integration.http.conftest import Client, Json, World, limited
from tests.integration.http.test_box_actions import DATA, Scene, done, uploaded
from wakeful.core.clock import wall_clock
from wakeful.core.passwords import hash_password, set_password
from wakeful.dialects.times import text_of

PASSWORD = "open sesame"


@pytest.fixture
async def scene(world: World) -> Scene:
    """A folder of Ann's in which Bob may do everything, and Cat may look."""
    scene = Scene(world)
    await scene.settle()
    return scene


async def linked(client: Client, item: str, wish: Any = None, **more: Any) -> Json:
    """The shared link that an item, as `files/1001`, is given, or None."""
    link = {} if wish is None else wish
    made = await done(client, "PUT", f"/2.0/{item}", {"shared_link": link, **more})
    found: Json = made["shared_link"]
    return found


async def now(client: Client, stream: str = "all") -> int:
    page = await client.get("/2.0/events", stream_position="now", stream_type=stream)
    position: int = page["next_stream_position"]
    return position


def box_api(url: str, password: str | None = None) -> dict[str, str]:
    more = "" if password is None else f"&shared_link_password={password}"
    return {"BoxApi": f"shared_link={url}{more}"}


def path_of(url: str) -> str:
    return url.removeprefix("http://feed.test:8787")


async def test_an_open_link_gives_a_file_to_anybody(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]

    link = await linked(world.bob, f"files/{file}")
    page = await world.nobody.ask("GET", path_of(link["url"]))
    content = await world.nobody.ask("GET", path_of(link["download_url"]))
    part = await world.nobody.ask(
        "GET", path_of(link["download_url"]), headers={"Range": "bytes=0-4"}
    )

    assert (link["access"], link["effective_access"]) == ("open", "open")
    assert link["permissions"] == {"can_preview": True, "can_download": True, "can_edit": False}
    assert not link["is_password_enabled"]
    assert page.status_code == 200
    assert "a.txt" in page.text
    assert content.content == DATA
    assert (part.status_code, part.content) == (206, DATA[:5])
    read = await world.cat.get(f"/2.0/files/{file}", fields="shared_link")
    assert read["shared_link"] == link
    again = await linked(world.bob, f"files/{file}")
    assert again == link


async def test_a_link_is_told_when_it_comes_and_goes_and_each_download_of_it(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    places = [(client, await now(client)) for client in (world.ann, world.cat)]
    log = await now(world.ann, "admin_logs_streaming")

    link = await linked(world.bob, f"files/{file}")
    await linked(world.bob, f"files/{file}", {"access": "company"})
    await linked(world.bob, f"files/{file}", {"access": "company"})
    await linked(world.bob, f"files/{file}", {"access": "open"})
    for _ in range(2):
        await world.nobody.ask("GET", path_of(link["download_url"]))
    gone = await done(world.bob, "PUT", f"/2.0/files/{file}", {"shared_link": None})

    assert gone["shared_link"] is None
    for client, position in places:
        page = await client.get("/2.0/events", stream_position=position)
        told = [(each["event_type"], each["source"]["id"]) for each in page["entries"]]
        mine = [("ITEM_DOWNLOAD", file)] if client is world.ann else []
        assert told == [("ITEM_SHARED_CREATE", file), *mine, ("ITEM_SHARED_UNSHARE", file)]
        assert page["entries"][0]["source"]["shared_link"]["url"] == link["url"]
        assert page["entries"][-1]["source"]["etag"] == gone["etag"]
    whole = await world.ann.get(
        "/2.0/events", stream_position=log, stream_type="admin_logs_streaming"
    )
    assert [each["event_type"] for each in whole["entries"]] == [
        "SHARE",
        "ITEM_SHARED_UPDATE",
        "ITEM_SHARED_UPDATE",
        "DOWNLOAD",
        "UNSHARE",
    ]
    assert whole["entries"][3]["created_by"]["id"] == "2"


async def test_p7_a_link_that_ended_is_worth_nothing_at_once(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}")
    urls = [path_of(link["url"]), path_of(link["download_url"])]

    await done(world.bob, "DELETE", f"/2.0/files/{file}")
    trashed = [(await world.nobody.ask("GET", url)).status_code for url in urls]
    in_trash = await world.bob.get(f"/2.0/files/{file}/trash")
    await done(world.bob, "POST", f"/2.0/files/{file}")
    back = [(await world.nobody.ask("GET", url)).status_code for url in urls]
    await done(world.bob, "PUT", f"/2.0/files/{file}", {"shared_link": None})
    ended = [(await world.nobody.ask("GET", url)).status_code for url in urls]
    other = await linked(world.bob, f"files/{file}")

    assert (trashed, back, ended) == ([404, 404], [200, 200], [404, 404])
    assert in_trash["shared_link"] is None
    assert other["url"] != link["url"]
    for url in (*urls, "/s/none", f"/s/{'A' * 54}"):
        answer = await world.nobody.ask("GET", url)
        assert answer.status_code == 404
        assert "a.txt" not in answer.text


async def test_a_link_ends_by_the_servers_clock(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    later = text_of(wall_clock() + 3_600_000)

    link = await linked(world.bob, f"files/{file}", {"unshared_at": later})
    for_ever = await linked(world.bob, f"files/{file}", {"unshared_at": None})
    short = await linked(world.bob, f"files/{file}", {"unshared_at": later})

    class Later:
        @staticmethod
        def wall() -> int:
            return wall_clock() + 7_200_000

        monotonic = world.services.clock.monotonic

    nobody = await world.client(None, clock=Later())
    bob = await world.client(world.bob.token, world.bob.user, clock=Later())
    assert link["unshared_at"] == short["unshared_at"] == later
    assert for_ever["unshared_at"] is None
    assert (await world.nobody.ask("GET", path_of(link["url"]))).status_code == 200
    assert (await nobody.ask("GET", path_of(link["url"]))).status_code == 404
    assert (await bob.get(f"/2.0/files/{file}"))["shared_link"] is None


async def test_a_folder_is_looked_into_and_nothing_beside_it(scene: Scene) -> None:
    world = scene.world
    outside = await uploaded(world.bob, scene.ids["other"], "secret.txt")
    link = await linked(world.bob, f"folders/{scene.ids['docs']}")
    url = path_of(link["url"])

    page = await world.nobody.ask("GET", url)
    (child,) = re.findall(r'href="([^"]+)"', page.text)
    file = await world.nobody.ask("GET", f"/s/{child}")
    content = await world.nobody.ask("GET", f"{url}/{scene.ids['file']}/content")

    assert link["download_url"] is None
    assert "a.txt" in page.text
    assert "gone.txt" not in page.text
    assert "a.txt" in file.text
    assert content.content == DATA
    for id in (outside["id"], scene.ids["other"], scene.root, scene.ids["gone"], "0", "x"):
        for path in (f"{url}/{id}", f"{url}/{id}/content"):
            answer = await world.nobody.ask("GET", path)
            assert answer.status_code == 404, path
            assert "secret" not in answer.text


async def test_a_password_is_asked_for(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}", {"password": PASSWORD})
    url = path_of(link["url"])
    browser = world.nobody.http

    closed = await browser.get(url)
    content = await browser.get(f"{url}/{file}/content")
    wrong = await entered(browser, url, closed, "wrong password")
    right = await entered(browser, url, wrong, PASSWORD)
    opened = await browser.get(url)
    downloaded = await browser.get(f"{url}/{file}/content")
    await linked(world.bob, f"files/{file}", {"password": "another one"})
    changed = await browser.get(url)
    await linked(world.bob, f"files/{file}", {"password": None})
    free = await browser.get(url)

    assert link["is_password_enabled"]
    assert link["download_url"] is None
    assert [each.status_code for each in (closed, content, wrong)] == [403, 403, 403]
    assert "a.txt" not in closed.text + wrong.text
    assert (right.status_code, opened.status_code) == (303, 200)
    assert downloaded.content == DATA
    assert (changed.status_code, free.status_code) == (403, 200)


async def entered(
    browser: httpx2.AsyncClient, url: str, page: httpx2.Response, password: str, **more: str
) -> httpx2.Response:
    """What is answered to the form of *page*."""
    (token,) = re.findall(r'name="token" value="([^"]+)"', page.text)
    form = {"do": "open", "token": token, "password": password, **more}
    return await browser.post(url, data=form)


async def test_guesses_of_a_password_are_limited(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}", {"password": PASSWORD})
    path = "/2.0/shared_items"
    guesses = limited(10)
    eve = await world.client(world.eve.token, world.eve.user, link_guesses=guesses)

    answers = [
        await eve.ask("GET", path, headers=box_api(link["url"], f"wrong {n}")) for n in range(11)
    ]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[0].json()["code"] == "incorrect_shared_item_password"


async def test_a_link_for_the_company_is_for_who_is_logged_in(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}", {"access": "company"})
    url = path_of(link["url"])
    dan = await world.join(await enterprise(world), "dan")
    assert world.eve.user is not None
    for user in (dan.id, world.eve.id):
        await world.store.commit(set_password(user, hash_password(PASSWORD)))

    browsers = {}
    for login in ("dan", "eve"):
        browser = (await world.client(None)).http
        closed = await browser.get(url)
        assert closed.status_code == 403
        answer = await entered(browser, url, closed, PASSWORD, do="login", login=login)
        assert answer.status_code == 303
        browsers[login] = browser
    let_in = await browsers["dan"].get(url)
    not_let_in = await browsers["eve"].get(url)

    assert let_in.status_code == 200
    assert (not_let_in.status_code, "not for you" in not_let_in.text) == (403, True)
    assert link["download_url"] is None
    shared = {"headers": box_api(link["url"])}
    assert (await dan.ask("GET", "/2.0/shared_items", **shared)).json()["id"] == file
    assert (await world.eve.ask("GET", "/2.0/shared_items", **shared)).status_code == 404


async def enterprise(world: World) -> int:
    assert world.bob.user is not None
    return world.bob.user.enterprise


async def test_a_link_for_members_lets_in_nobody_else(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}", {"access": "collaborators"})
    dan = await world.join(await enterprise(world), "dan")
    shared = {"headers": box_api(link["url"])}

    mine = await world.cat.ask("GET", "/2.0/shared_items", **shared)
    others = await dan.ask("GET", "/2.0/shared_items", **shared)

    assert mine.json()["id"] == file
    assert others.status_code == 404
    assert (await world.nobody.ask("GET", path_of(link["url"]))).status_code == 403


async def test_an_sdk_reads_by_a_link_what_its_user_may_not_see(scene: Scene) -> None:
    world, docs, file = scene.world, scene.ids["docs"], scene.ids["file"]
    outside = await uploaded(world.bob, scene.ids["other"], "secret.txt")
    link = await linked(world.bob, f"folders/{docs}", {"password": PASSWORD})
    headers = box_api(link["url"], PASSWORD)
    eve = world.eve

    folder = (await eve.ask("GET", "/2.0/shared_items", headers=headers)).json()
    items = (await eve.ask("GET", f"/2.0/folders/{docs}/items", headers=headers)).json()
    read = (await eve.ask("GET", f"/2.0/files/{file}", headers=headers)).json()
    content = await eve.ask(
        "GET", f"/2.0/files/{file}/content", headers=headers, follow_redirects=True
    )

    assert (folder["id"], folder["name"]) == (docs, "docs")
    assert [each["id"] for each in folder["path_collection"]["entries"]] == ["0"]
    assert [each["id"] for each in items["entries"]] == [file]
    assert [each["name"] for each in read["path_collection"]["entries"]] == ["All Files", "docs"]
    assert content.content == DATA
    for path in (f"files/{outside['id']}", f"folders/{scene.root}/items", "folders/0/items"):
        answer = await eve.ask("GET", f"/2.0/{path}", headers=headers)
        assert answer.status_code == 404, path
    assert (await eve.ask("GET", f"/2.0/files/{file}")).status_code == 404
    assert (await eve.ask("PUT", f"/2.0/files/{file}", headers=headers, json={})).status_code == 404


async def test_a_link_can_forbid_to_download(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    wish = {"permissions": {"can_download": False}}
    link = await linked(world.bob, f"files/{file}", wish)
    url = path_of(link["url"])

    page = await world.nobody.ask("GET", url)
    content = await world.nobody.ask("GET", f"{url}/{file}/content")
    by_api = await world.eve.ask("GET", f"/2.0/files/{file}/content", headers=box_api(link["url"]))

    assert (link["effective_permission"], link["download_url"]) == ("can_preview", None)
    assert (page.status_code, content.status_code, by_api.status_code) == (200, 403, 403)
    assert (await linked(world.bob, f"files/{file}"))["permissions"]["can_download"] is False


async def test_viewers_make_links_and_change_their_own(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]

    hers = await linked(world.cat, f"files/{file}")
    changed = await linked(world.cat, f"files/{file}", {"access": "company"})
    described = await world.cat.ask(
        "PUT", f"/2.0/files/{file}", json={"shared_link": {}, "description": "x"}
    )
    await linked(world.bob, f"files/{file}", {"access": "open"})
    await done(world.bob, "PUT", f"/2.0/files/{file}", {"shared_link": None})
    await linked(world.bob, f"files/{file}")
    refused = [
        await world.cat.ask("PUT", f"/2.0/files/{file}", json={"shared_link": wish})
        for wish in ({"access": "company"}, None)
    ]

    assert hers["url"] == changed["url"]
    assert [answer.status_code for answer in (described, *refused)] == [403] * 3


async def test_a_copy_has_no_link_and_a_watched_folder_makes_no_difference(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    watched = frozenset({scene.namespace})
    bob = await world.client(world.bob.token, world.bob.user, watched=watched)

    link = await linked(bob, f"files/{file}")
    copied = await done(
        world.bob, "POST", f"/2.0/files/{file}/copy", {"parent": {"id": scene.ids["other"]}}
    )

    assert link["access"] == "open"
    assert copied["shared_link"] is None


REFUSED: dict[str, tuple[str, Any, int]] = {
    "an access that there is not": ("files/{file}", {"access": "everybody"}, 400),
    "no link": ("files/{file}", 7, 400),
    "a name of its own": ("files/{file}", {"vanity_name": "mine"}, 400),
    "edits by everybody": ("files/{file}", {"permissions": {"can_edit": True}}, 400),
    "too short a password": ("files/{file}", {"password": "short"}, 400),
    "a password for the company": (
        "files/{file}",
        {"access": "company", "password": PASSWORD},
        400,
    ),
    "an end in the past": ("files/{file}", {"unshared_at": "2001-01-01T00:00:00Z"}, 400),
    "an end that is no time": ("files/{file}", {"unshared_at": "soon"}, 400),
    "the home": ("folders/0", {}, 403),
    "nothing": ("files/999999", {}, 404),
    "what is in the trash": ("files/{gone}", {}, 404),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(scene: Scene, case: str) -> None:
    world = scene.world
    path, wish, status = REFUSED[case]
    for name, id in scene.ids.items():
        path = path.replace("{" + name + "}", id)
    before = await world.state()

    answer = await world.bob.ask("PUT", f"/2.0/{path}", json={"shared_link": wish})

    assert answer.status_code == status, answer.text
    assert await world.state() == before


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 400), ("nonsense", 400), ("shared_link=http://x/s/none", 404), ("shared_link=", 404)],
)
async def test_a_header_that_names_no_link_is_refused(
    scene: Scene, header: str | None, status: int
) -> None:
    headers = {} if header is None else {"BoxApi": header}

    answer = await scene.world.bob.ask("GET", "/2.0/shared_items", headers=headers)

    assert answer.status_code == status


async def test_a_form_from_elsewhere_or_of_an_old_page_does_nothing(scene: Scene) -> None:
    world, file = scene.world, scene.ids["file"]
    link = await linked(world.bob, f"files/{file}", {"password": PASSWORD})
    url = path_of(link["url"])
    browser = world.nobody.http
    page = await browser.get(url)

    old = await browser.post(url, data={"do": "open", "token": "old", "password": PASSWORD})
    odd = await entered(browser, url, page, PASSWORD, do="else")
    foreign = await browser.post(
        url, data={"do": "open", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert [each.status_code for each in (old, odd, foreign)] == [400, 400, 400]
    assert (await browser.get(url)).status_code == 403

"""What the Dropbox SDKs read beside changes, and how they are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.readers import Json, Reader
from tests.sdk.dropbox_followers import DROPBOX_V1, SDKS, look_around
from tests.sdk.followers import Sdk
from tests.servers import Server, eventually, running

pytestmark = pytest.mark.sdk

CONTENT = bytes(range(256)) * 256
NAME = "Ünïcode \\ emoji 🎈.bin"  # for a header it has to be escaped


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reading")
    watched = folder / "watched"
    watched.mkdir()
    (watched / NAME).write_bytes(CONTENT)
    with running(folder, watch=watched, arguments=("--drain", "1"), tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        eventually(lambda: "content_hash" in there(reader), "the file is hashed")
        yield reader


def there(reader: Reader) -> Json:
    return asked(reader, "files/get_metadata", {"path": f"/{NAME}"})


def asked(reader: Reader, function: str, argument: Json | None) -> Json:
    answer = reader.ask("POST", f"/2/{function}", json=argument)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_a_dropbox_sdk_reads_a_file_and_its_user_and_is_refused_what_is_not_there(
    server: Server, reader: Reader, sdk: Sdk
) -> None:
    file = there(reader)
    account = asked(reader, "users/get_current_account", None)

    found = look_around(sdk, server, file["path_display"])

    assert bytes.fromhex(found["content"]) == CONTENT
    assert (
        found["metadata"]
        == found["downloaded"]
        == {
            "kind": "file",
            "path": file["path_lower"],
            "shown": file["path_display"],
            "name": NAME,
            "id": file["id"],
            "rev": file["rev"],
            "size": len(CONTENT),
            "hash": file["content_hash"],
        }
    )
    assert found["account"] == {
        "account_id": account["account_id"],
        "name": account["name"]["display_name"],
        "email": account["email"],
        "root": account["root_info"]["root_namespace_id"],
    }
    assert found["space"] == {"used": len(CONTENT), "allocated": 2**50}
    assert found["echo"] == "ping"
    assert found["refused"] == {
        "token": [401, ["invalid_access_token"]],
        "path": [409, ["path", "not_found"]],
        "file": [409, ["path", "not_folder"]],
        "root": [400, []],
        "cursor": [400, []],
        "poll": [400, []],
    }


def test_the_client_of_version_1_reads_a_file_and_its_user_and_is_refused_what_is_not_there(
    server: Server, reader: Reader
) -> None:
    file = there(reader)
    account = asked(reader, "users/get_current_account", None)

    found = look_around(DROPBOX_V1, server, file["path_display"])

    assert bytes.fromhex(found["content"]) == CONTENT
    assert bytes.fromhex(found["part"]) == CONTENT[1:3]
    assert (
        found["metadata"]
        == found["downloaded"]
        == {
            "kind": "file",
            "path": file["path_lower"],
            "shown": file["path_display"],
            "name": NAME,
            "rev": file["rev"],
            "size": len(CONTENT),
        }
    )
    assert found["listed"] == [found["metadata"]]
    uid = found["account"].pop("uid")
    assert account["account_id"].endswith(f"A{uid}")
    assert found["account"] == {
        "display_name": account["name"]["display_name"],
        "email": account["email"],
        "quota_info": {"normal": len(CONTENT), "shared": 0, "quota": 2**50},
    }
    media = "it was made with include_media_info"
    assert found["refused"] == {
        "hash": [304, None],
        "path": [404, "Path not found"],
        "rev": [404, "Path not found"],
        "cursor": [400, "Invalid \"cursor\" parameter: 'foo'"],
        "poll": [400, "Invalid \"cursor\" parameter: 'foo'"],
        "timeout": [400, "Invalid \"timeout\" parameter: '29' is not in 30..480"],
        "media": [400, f'Invalid "cursor" parameter: {media}'],
        "token": [401, "The given OAuth 2 access token doesn't exist or has expired."],
    }

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wakeful.settings import NAMES, Settings, SettingsError, load, parse_watches, read_file


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_file() -> None:
    file = {"port": 1111, "hold": 11.0, "host": "file.example"}
    environ = {"WAKEFUL_PORT": "2222", "WAKEFUL_HOLD": "22"}

    settings = load(file, environ, {"port": 3333})

    assert (settings.port, settings.hold, settings.host) == (3333, 22.0, "file.example")


def test_paths_can_be_told_in_the_file_and_in_the_environment() -> None:
    file = {"data": "/file", "tls_cert": "/cert.pem", "tls_key": "/key.pem", "tls_port": 0}

    settings = load(file, {"WAKEFUL_DATA": "/environment"}, {})

    assert settings.data == Path("/environment")
    assert settings.tls_key == Path("/key.pem")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("16k", 16 << 10),
        ("500M", 500 << 20),
        ("10 GiB", 10 << 30),
        ("2TB", 2 << 40),
        (7000, 7000),
    ],
)
def test_sizes_are_told_as_people_write_them(text: str | int, size: int) -> None:
    assert load({"quota": text}, {}, {}).quota == size
    assert load({}, {"WAKEFUL_UPLOAD_LIMIT": str(text)}, {}).upload_limit == size
    assert load({}, {}, {"body_limit": text}).body_limit == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "10X", "9" * 30 + "G", "9000000000000T"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="quota"):
        load({"quota": text}, {}, {})


def test_flags_that_were_not_given_change_nothing() -> None:
    assert load({"port": 1111, "watch": ["/"]}, {}, {"port": None, "watch": ()}).port == 1111
    assert load({"watch": ["/"]}, {}, {"watch": ()}).watch == ("/",)


@pytest.mark.parametrize(
    ("file", "environ", "named"),
    [
        pytest.param({"prot": 1}, {}, "'prot'", id="in the file"),
        pytest.param({}, {"WAKEFUL_PROT": "1"}, "WAKEFUL_PROT", id="in the environment"),
    ],
)
def test_an_unknown_key_is_named_with_its_nearest_neighbour(
    file: dict[str, Any], environ: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        load(file, environ, {})

    assert "'port'" in str(caught.value)


def test_variables_of_others_and_of_the_client_are_left_alone() -> None:
    environ = {"HOME": "/x", "WAKEFUL_TOKEN": "t", "WAKEFUL_TEST_REQUIRE": "all"}

    assert load({}, environ, {}) == load({}, {}, {})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"port": "many"}, "port"),
        ({"port": 70000}, "port"),
        ({"hold": 0}, "hold"),
        ({"hold": 601}, "hold"),
        ({"rescan": 0}, "rescan"),
        ({"drain": -1}, "drain"),
        ({"body_limit": 3}, "body_limit"),
        ({"max_polls": 0}, "max_polls"),
        ({"public_url": "example.com"}, "public_url"),
        ({"public_url": "http://"}, "public_url"),
        ({"public_url": "http://a b"}, "public_url"),
        ({"public_url": "http://a/?b=c"}, "public_url"),
        ({"host": ""}, "host"),
        ({"log_level": "loud"}, "log_level"),
        ({"trust_proxy": "perhaps"}, "trust_proxy"),
    ],
)
def test_a_value_that_makes_no_sense_is_an_error_that_names_it(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load(values, {}, {})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"port": "x"}, "port is a whole number, not 'x'"),
        ({"hold": "long"}, "hold is a number, not 'long'"),
        ({"max_polls": "many"}, "max_polls is a whole number, not 'many'"),
        ({"trust_proxy": "perhaps"}, "trust_proxy is true or false, not 'perhaps'"),
        ({"log_format": "xml"}, "log_format is one of auto, text, json, not 'xml'"),
        ({"watch": 3}, "watch is a list of texts, not 3"),
        ({"data": 3}, "data is a path, not 3"),
        ({"data": ""}, "data is a path, not ''"),
        ({"public_url": 3}, "public_url is a text, not 3"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_what_it_should_be(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load(values, {}, {})


def test_lists_in_the_environment_are_split_like_a_path() -> None:
    assert load({}, {"WAKEFUL_WATCH": "/a:b=/c"}, {}).watch == ("/a", "b=/c")


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        read_file(tmp_path / "none.toml")


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("port = ?")

    with pytest.raises(SettingsError, match="line 1"):
        read_file(tmp_path / "bad.toml")


def test_without_a_file_of_ones_own_there_is_nothing_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    assert read_file(None) == {}


def test_watches_are_a_home_and_named_folders(tmp_path: Path) -> None:
    home, photos = tmp_path / "home", tmp_path / "photos"
    home.mkdir()
    photos.mkdir()

    watches = parse_watches([str(home), f"pics={photos}"])

    assert [(watch.name, watch.path) for watch in watches] == [(None, home), ("pics", photos)]


def test_a_folder_with_an_equals_sign_in_its_name_can_be_watched(tmp_path: Path) -> None:
    odd = tmp_path / "a=b"
    odd.mkdir()

    assert parse_watches([str(odd)])[0].path == odd


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        pytest.param(["{tmp}/a", "{tmp}/b"], "one home", id="two homes"),
        pytest.param(["x={tmp}/a", "x={tmp}/b"], "'x'", id="a name twice"),
        pytest.param(["{tmp}/a", "x={tmp}/a/in"], "within each other", id="one inside the other"),
        pytest.param(["{tmp}/file"], "no folder", id="a file"),
        pytest.param(["a/b={tmp}/a"], "no name", id="a slash in the name"),
        pytest.param(["x="], "which folder", id="nothing after the name"),
    ],
)
def test_watches_that_contradict_each_other_are_refused(
    tmp_path: Path, texts: list[str], said: str
) -> None:
    (tmp_path / "a" / "in").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=said):
        parse_watches(text.format(tmp=tmp_path) for text in texts)


def test_a_folder_that_is_not_there_may_be_on_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    assert parse_watches([f"usb={tmp_path}/none"])[0].path == tmp_path / "none"


def test_the_data_folder_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    for text in (str(tmp_path), f"x={tmp_path}/link"):
        with pytest.raises(SettingsError, match="is the data folder"):
            _ = Settings(data=tmp_path, watch=(text,)).watches


@pytest.mark.parametrize(
    ("file", "environ", "flags"),
    [
        pytest.param({"memory": True, "data": "/x"}, {}, {}, id="both in the file"),
        pytest.param({}, {"WAKEFUL_MEMORY": "1"}, {"data": "/x"}, id="a flag beside a variable"),
        pytest.param({}, {}, {"memory": True, "data": "/x"}, id="both flags"),
    ],
)
def test_a_server_in_memory_has_no_data_folder(
    file: dict[str, Any], environ: dict[str, str], flags: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="data folder"):
        load(file, environ, flags)


def test_who_has_a_data_folder_in_the_environment_may_ask_for_memory() -> None:
    assert load({}, {"WAKEFUL_DATA": "/x"}, {"memory": True, "data": None}).memory


def test_every_setting_says_what_it_is_in_the_documentation() -> None:
    page = Path(__file__).parents[2].joinpath("docs/settings.md").read_text()

    missing = [name for name in NAMES if f"`{name}`" not in page]

    assert missing == []


def test_the_defaults_are_sound() -> None:
    settings = load({}, {}, {})

    assert settings.data.is_absolute()
    assert settings == Settings(data=settings.data)

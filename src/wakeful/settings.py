"""Settings: one frozen value, built once, handed down.

Every setting has one name, in three spellings: the flag `--public-url`, the environment
variable `WAKEFUL_PUBLIC_URL`, the key `public_url` in a TOML file. A flag wins over the
environment, the environment over the file, the file over the default. A key that is not
known is an error that names it: a setting that is silently ignored is a fault in waiting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import platformdirs

PREFIX = "WAKEFUL_"

ELSEWHERE = frozenset({"CONFIG", "URL", "TOKEN", "TOKEN_FILE", "CA"})
"""Environment variables of the prefix that are no settings of the server: those of the client
commands, and the one that names the settings file. Those that begin with TEST_ are the tests'."""


class SettingsError(Exception):
    """A setting is unknown, or its value makes no sense. The text is for the user."""


class Watch(msgspec.Struct, frozen=True):
    """A folder to follow: the first user's home, or with a name a folder mounted in it."""

    path: Path
    name: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. Times in seconds, sizes in bytes."""

    data: Path = msgspec.field(default_factory=lambda: platformdirs.user_data_path("wakeful"))
    """Where the store, the token and the control socket live."""

    memory: bool = False
    """Keep nothing: store, contents and token are in memory, and end with the server."""

    fidelity: Literal["better", "faithful"] = "better"
    """Of a server in memory: with Wakeful's promises, or with all that Box and Dropbox do."""

    scenario: Path | None = None
    """A file that says who and what there is in a server in memory, and what happens when."""

    seed: Path | None = None
    """A folder that the first user of a server in memory has from the beginning."""

    chance: int = 1
    """Which series of chance a faithful one follows: the same one does the same again."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = 8787
    """The port to listen on; 0 takes a free one."""

    tls_port: int | None = None
    """The port to listen on with TLS, beside the other; 0 takes a free one."""

    tls_cert: Path | None = None
    """The file of a certificate, and of those that vouch for it; by default one is made."""

    tls_key: Path | None = None
    """The file of its key."""

    watch: tuple[str, ...] = ()
    """Folders to follow: `DIR` for the home, `NAME=DIR` for others."""

    ignore: tuple[str, ...] = ()
    """Patterns, as in a .gitignore file, of what is not followed, beside the built-in ones."""

    read_only: bool = False
    """Write nothing to watched folders: clients may read them only."""

    hold: float = 50.0
    """How long a poll is held when nothing happens, give or take a tenth. Some SDKs give up after
    60 seconds; a longer hold sends early headers and a blank now and then to keep them waiting."""

    rescan: float = 600.0
    """How often watched folders are compared as a whole, in case a notice was lost."""

    public_url: str | None = None
    """The URL under which clients reach the server, where it is not the one they ask for."""

    trust_proxy: bool = False
    """Believe X-Forwarded-Proto, -Host and -For: only behind a proxy that sets them."""

    body_limit: int = 8 * 1024 * 1024
    """The longest request body that is read, apart from uploads."""

    upload_limit: int = 5 * 1024**3
    """The largest file that can be uploaded."""

    quota: int = 0
    """How much the own namespaces of a user may hold who has no other quota; 0 is without limit."""

    max_polls: int | None = None
    """The most polls that wait at a time; by default what the limit of open files allows."""

    drain: float = 5.0
    """How long a server that is told to stop spreads the end of its parked polls over."""

    rate_limit: int = 0
    """The most requests a minute with one token; 0 is without limit."""

    auth_failure_limit: int = 60
    """The most failed authentications a minute from one address; 0 is without limit."""

    max_requests: int = 1_000
    """The most requests that are under way at a time, apart from polls that wait."""

    retention_user: int = 60
    """How many days users' streams are kept; 0 is for ever."""

    retention_enterprise: int = 365
    """How many days the streams of enterprises are kept; 0 is for ever."""

    retention_versions: int = 30
    """How many days earlier versions of files are kept; 0 is for ever."""

    trash_days: int = 30
    """How many days something stays in the trash; 0 is for ever."""

    log_format: Literal["auto", "text", "json"] = "auto"
    """`auto` is text on a terminal, JSON otherwise."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important message that is still logged."""

    @property
    def watches(self) -> tuple[Watch, ...]:
        """The folders to follow, there or not; raises SettingsError where they contradict each
        other, or the data folder."""
        watches = parse_watches(self.watch)
        for watch in watches:
            if not self.memory and watch.path == self.data.resolve():
                raise SettingsError(
                    f"--watch: {watch.path} is the data folder; choose another with --data"
                )
        return watches


NAMES = Settings.__struct_fields__
_TYPES: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Settings)}
_KINDS = {
    Path: "a path",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a list of texts",
}
_MOST_DAYS = 36_500
_MOST_QUOTA = 2**53 - 1  # as `core.quotas`, which this module does not know
_SIZED = frozenset({"body_limit", "upload_limit", "quota"})
_SIZE = re.compile(r"([0-9]{1,16})\s*([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LISTS = frozenset({"watch", "ignore"})


def load(file: Mapping[str, Any], environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from the contents of a file, the environment and the flags given.

    A flag that is None or an empty list was not given. Raises SettingsError.
    """
    for name in file:
        if name not in NAMES:
            raise SettingsError(f"unknown setting {name!r} in the settings file{_nearest(name)}")
    values = {
        **file,
        **_from_environ(environ),
        **{name: value for name, value in flags.items() if value is not None and value != ()},
    }
    for name in _SIZED & values.keys():
        values[name] = _bytes(values[name])
    for name, value in values.items():
        try:
            msgspec.convert(value, _TYPES[name], strict=False, dec_hook=_path)
        except msgspec.ValidationError:
            raise SettingsError(
                f"bad setting: {name} is {_kind_of(_TYPES[name])}, not {value!r}"
            ) from None
    settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    # What is said closer by wins: who has a data folder in the environment may say --memory.
    beside = flags if flags.get("memory") else values
    if settings.memory and beside.get("data") is not None:
        raise SettingsError("memory keeps nothing on the disk: it has no data folder")
    _check(settings)
    return msgspec.structs.replace(
        settings,
        data=_full(settings.data),
        tls_cert=settings.tls_cert and _full(settings.tls_cert),
        tls_key=settings.tls_key and _full(settings.tls_key),
        scenario=settings.scenario and _full(settings.scenario),
        seed=settings.seed and _full(settings.seed),
    )


def parse_size(text: str) -> int | None:
    """The bytes of a size as people write it: `500M`, `10G`, `4096`. None where it is none."""
    found = _SIZE.fullmatch(text.strip())
    return None if found is None else int(found[1]) * _UNITS[found[2].upper()]


def _bytes(value: object) -> object:
    size = parse_size(value) if isinstance(value, str) else None
    return value if size is None else size


def _path(kind: type, value: object) -> Path:
    """A path in a file or the environment is a text, which msgspec makes no path of."""
    if kind is not Path or not isinstance(value, str | Path) or not str(value):
        raise ValueError("no path")
    return Path(value)


def _full(path: Path) -> Path:
    return path.expanduser().absolute()


def read_file(path: Path | None) -> Mapping[str, Any]:
    """The contents of the settings file *path*; None takes the user's own, if there is one.

    Raises SettingsError.
    """
    if path is None:
        path = platformdirs.user_config_path("wakeful") / "wakeful.toml"
        if not path.exists():
            return {}
    import tomllib  # most servers have no such file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def parse_watches(texts: Iterable[str]) -> tuple[Watch, ...]:
    """What `DIR` and `NAME=DIR` mean. Raises SettingsError."""
    watches: list[Watch] = []
    for text in texts:
        watch = _parse_watch(text)
        for other in watches:
            if other.name == watch.name:
                what = "home" if watch.name is None else f"folder named {watch.name!r}"
                raise SettingsError(
                    f"--watch: there is one {what}; give {text!r} another name, as in NAME=DIR"
                )
            if _contains(other.path, watch.path) or _contains(watch.path, other.path):
                raise SettingsError(
                    f"--watch: {watch.path} and {other.path} lie within each other, so each "
                    "change would be told twice"
                )
        watches.append(watch)
    return tuple(watches)


def _parse_watch(text: str) -> Watch:
    name, equals, rest = text.partition("=")
    # A folder may have an equals sign in its own name.
    if equals and not Path(text).expanduser().exists():
        if not name or "/" in name or name in (".", ".."):
            raise SettingsError(f"--watch: {name!r} is no name for a folder")
        path, label = rest, name
    else:
        path, label = text, None
    if not path:
        raise SettingsError("--watch: which folder?")
    full = Path(path).expanduser().absolute()
    # One that is not there may be on a disk that is not mounted: whether it was ever followed
    # stands in the store.
    if full.exists() and not full.is_dir():
        raise SettingsError(f"--watch: {full} is no folder")
    return Watch(full.resolve(), label)


def _contains(outer: Path, inner: Path) -> bool:
    return inner == outer or outer in inner.parents


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        spelling = variable.removeprefix(PREFIX)
        if spelling in ELSEWHERE or spelling.startswith("TEST_"):
            continue
        name = spelling.lower()
        if name not in NAMES:
            raise SettingsError(f"unknown setting {variable} in the environment{_nearest(name)}")
        if name in _LISTS:
            values[name] = tuple(part for part in text.split(os.pathsep) if part)
        else:
            values[name] = text
    return values


def _nearest(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, NAMES, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _kind_of(type: Any) -> str:
    """What a value of a setting's *type* is, for people."""
    if get_origin(type) is Literal:
        return f"one of {', '.join(get_args(type))}"
    if get_origin(type) is tuple:
        return _KINDS[tuple]
    return _KINDS[next((each for each in get_args(type) if each in _KINDS), type)]


def _check(settings: Settings) -> None:
    def demand(holds: bool, what: str) -> None:
        if not holds:
            raise SettingsError(f"bad setting: {what}")

    # An empty host would mean every address that the machine has.
    demand(bool(settings.host.strip()), "host is an address or a name")
    demand(
        settings.memory or settings.fidelity == "better",
        "fidelity is for a server in memory (--memory)",
    )
    demand(
        settings.memory or (settings.scenario is None and settings.seed is None),
        "scenario and seed are for a server in memory (--memory)",
    )
    demand(0 <= settings.port <= 65535, "port is between 0 and 65535")
    tls_port = settings.tls_port
    demand(tls_port is None or 0 <= tls_port <= 65535, "tls_port is between 0 and 65535")
    demand(not tls_port or tls_port != settings.port, "port and tls_port are two ports")
    demand(
        (settings.tls_cert is None) == (settings.tls_key is None),
        "tls_cert and tls_key are given together",
    )
    demand(1 <= settings.hold <= 600, "hold is between 1 and 600 seconds")
    demand(settings.rescan >= 1, "rescan is at least one second")
    demand(0 <= settings.drain <= 300, "drain is between 0 and 300 seconds")
    demand(settings.body_limit >= 1024, "body_limit is at least 1024 bytes")
    demand(settings.upload_limit >= 1, "upload_limit is at least 1 byte")
    demand(0 <= settings.quota <= _MOST_QUOTA, "quota is at least 0 bytes")
    demand(settings.max_polls is None or settings.max_polls >= 1, "max_polls is at least 1")
    demand(
        0 <= settings.retention_user <= _MOST_DAYS
        and 0 <= settings.retention_enterprise <= _MOST_DAYS
        and 0 <= settings.retention_versions <= _MOST_DAYS,
        "retention_user, retention_enterprise and retention_versions are days, from 0 (for ever) "
        "to 36500",
    )
    demand(0 <= settings.trash_days <= _MOST_DAYS, "trash_days is 0 (for ever) to 36500 days")
    demand(settings.rate_limit >= 0, "rate_limit is at least 0")
    demand(settings.auth_failure_limit >= 0, "auth_failure_limit is at least 0")
    demand(settings.max_requests >= 1, "max_requests is at least 1")
    url = settings.public_url
    demand(
        url is None or re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", url) is not None,
        "public_url begins with http:// or https://, and has a host and no query",
    )

"""Pushpin: a proxy that holds the answers of an origin until something is published for them.

The origin is the least there can be: the loop in C of the floor, which tells Pushpin to hold each
poll. Pushpin remembers nothing itself: what is published while nobody waits is lost, and its own
remedy (asking the origin for what was missed) would be the origin's memory, not Pushpin's.
"""

from __future__ import annotations

import configparser
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load.generator import Request
from benchmarks.systems.polling import HOLD_SECONDS, Running, Users, Wording, get, post
from benchmarks.systems.processes import Missing, Process, free_ports, listens, tree

_TEMPLATE = Path("/usr/share/pushpin/pushpin.conf.condure")

_MOST_CLIENTS = 50_000  # as Debian sets it

# Each poll costs its processes 2 ms of processor time to park. One that comes while too many are
# on their way is answered with 502: the origin's answer has come, but Pushpin has asked whether the
# origin is still there before it looked, and the "no" ends the poll.
_PAUSE = 0.2  # seconds between 64 polls

_ITEM = (
    '{"channel":"{{1}}","formats":{"http-response":'
    '{"headers":{"Content-Type":"application/json"},"body":"{\\"message\\":\\"new_change\\"}"}}}'
)


class Pushpin:
    name = "pushpin"
    title = "Pushpin"
    holds = True
    most_polls: int | None = 5_000
    wording = Wording(
        poll=Request(get("/poll/{{1}}")),
        publish=Request(post("/publish/", '{"items":[{{items}}]}'), item=_ITEM),
        asks=(Request(get("/number")), Request(get("/number"))),
        batch=Request(post("/publish/", '{"items":[{{items}}]}'), item=_ITEM),
        pause=_PAUSE,
    )

    def __init__(self, origin: Path) -> None:
        self._origin = origin
        self._processes = ExitStack()

    def version(self) -> str:
        if shutil.which("pushpin") is None or shutil.which("zurl") is None:
            raise Missing("sudo apt-get install pushpin")
        found = subprocess.run(
            ["pushpin", "--version"], capture_output=True, text=True, check=False
        )
        return found.stdout.strip()

    def users(self, count: int) -> Users:
        return [[str(number)] for number in range(1, count + 1)]

    def devices(self, count: int) -> Users:
        return [["0"]] * count

    def start(self, folder: Path, users: int) -> Running:
        with free_ports(5) as (port, publish, origin_port, *others):
            pids = []
            origin: list[str | Path] = [self._origin, str(origin_port), "origin", str(HOLD_SECONDS)]
            zurl: list[str | Path] = ["zurl", "--loglevel=0", f"--config={self._zurl(folder)}"]
            pushpin: list[str | Path] = [
                "pushpin",
                f"--config={self._pushpin(folder, users, port, publish, others)}",
                f"--route=* 127.0.0.1:{origin_port}",
            ]
            programs: tuple[tuple[list[str | Path], Callable[[], bool]], ...] = (
                (origin, lambda: listens(origin_port)),
                (zurl, (folder / "zurl-in").exists),
                (pushpin, lambda: listens(port) and listens(publish)),
            )
            for command, is_ready in programs:
                process = Process(command, folder=folder)
                self._processes.callback(process.end)
                process.wait_until(is_ready)
                pids += tree(process.pid)
        return Running(port, pids, publish_port=publish)

    def end(self) -> None:
        self._processes.close()

    def _zurl(self, folder: Path) -> Path:
        configuration = folder / "zurl.conf"
        configuration.write_text(
            "[General]\n"
            f"in_spec=ipc://{folder}/zurl-in\n"
            f"in_stream_spec=ipc://{folder}/zurl-in-stream\n"
            f"out_spec=ipc://{folder}/zurl-out\n"
            f"in_req_spec=ipc://{folder}/zurl-req\n"
            "ipc_file_mode=660\ndefpolicy=allow\nmax_open_requests=2000\n"
            "buffer_size=200000\ntimeout=600\nin_hwm=1000\nout_hwm=1000\n"
        )
        return configuration

    def _pushpin(
        self, folder: Path, users: int, port: int, publish: int, others: list[int]
    ) -> Path:
        if not _TEMPLATE.exists():
            raise Missing(f"there is no {_TEMPLATE}")
        read = configparser.RawConfigParser(strict=False)
        read.read(_TEMPLATE)
        own = {
            "global": {"rundir": folder, "ipc_prefix": "p-"},
            "runner": {
                "http_port": f"127.0.0.1:{port}",
                "logdir": folder,
                "log_level": 0,
                "client_maxconn": max(_MOST_CLIENTS, 3 * users),  # shared out to its threads
            },
            "proxy": {
                "routesfile": folder / "routes",
                "zurl_out_specs": f"ipc://{folder}/zurl-in",
                "zurl_out_stream_specs": f"ipc://{folder}/zurl-in-stream",
                "zurl_in_specs": f"ipc://{folder}/zurl-out",
            },
            "handler": {
                "push_in_http_port": publish,
                "push_in_spec": f"ipc://{folder}/push-in",
                "push_in_sub_specs": f"tcp://127.0.0.1:{others[0]}",
                "command_spec": f"tcp://127.0.0.1:{others[1]}",
                # Without its brake, which lets 2,500 messages a second pass.
                "message_rate": 1_000_000,
                "message_hwm": 1_000_000,
            },
        }
        for section, values in own.items():
            if not read.has_section(section):
                read.add_section(section)
            for name, value in values.items():
                read.set(section, name, str(value))
        (folder / "routes").write_text("")
        configuration = folder / "pushpin.conf"
        with configuration.open("w", encoding="utf-8") as file:
            read.write(file, space_around_delimiters=False)
        return configuration

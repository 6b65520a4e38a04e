"""nchan: a publish/subscribe module of nginx, in C, that keeps messages in memory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.load.generator import Extract, Request
from benchmarks.systems.local import BODY
from benchmarks.systems.polling import HOLD_SECONDS, Running, Users, Wording, get, post
from benchmarks.systems.processes import Missing, Process, free_ports, listens, tree

_PROGRAM = "/usr/sbin/nginx"
_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

# nginx closes idle connections where fewer than a sixteenth of its `worker_connections` are left,
# those of publishers among them; and in a storm old ones may still be there when the new ones come.
#
# One worker, as every other system has one process that keeps polls. Access logs would be a write
# for each answer, which no other system makes.
_CONFIGURATION = """
load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    keepalive_timeout 300s;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size {shared}M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/poll/(\\w+)$ {{
            nchan_subscriber longpoll;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
            nchan_subscriber_timeout {hold}s;
        }}
        location ~ ^/publish/(\\w+)$ {{
            nchan_publisher http;
            nchan_channel_id $1;
            nchan_message_buffer_length 10;
            nchan_message_timeout 5m;
        }}
        location = /ask {{ default_type application/json; return 200 "{{}}"; }}
    }}
}}
"""
_SHARED_MIB = 512
_LEAST_FILES = 1_024

# A subscriber says by the two headers which message it had last.
_AFTER = ("If-Modified-Since: {{a}}", "If-None-Match: {{b}}")
_LAST = (Extract("a", "Last-Modified: ", "\r"), Extract("b", "Etag: ", "\r"))


class Nchan:
    name = "nchan"
    title = "nchan"
    holds = True
    most_polls: int | None = None
    wording = Wording(
        poll=Request(get("/poll/{{1}}", *_AFTER), extracts=_LAST),
        publish=Request(post("/publish/{{1}}", BODY)),
        asks=(Request(get("/ask")), Request(get("/ask"))),
    )

    def __init__(self) -> None:
        self._process: Process | None = None

    def version(self) -> str:
        if not Path(_PROGRAM).exists() or not _MODULE.exists():
            raise Missing("sudo apt-get install nginx libnginx-mod-nchan")
        query = shutil.which("dpkg-query")
        names = ("nginx", "libnginx-mod-nchan")
        if query is None:
            return "of unknown version"
        found = subprocess.run(
            [query, "-W", "-f", "${Package} ${Version}, ", *names],
            capture_output=True,
            text=True,
            check=False,
        )
        return found.stdout.rstrip(", ")

    def users(self, count: int) -> Users:
        return [[str(number)] for number in range(1, count + 1)]

    def devices(self, count: int) -> Users:
        return [["0"]] * count

    def start(self, folder: Path, users: int) -> Running:
        with free_ports(1) as (port,):
            configuration = folder / "nginx.conf"
            configuration.write_text(
                _CONFIGURATION.format(
                    module=_MODULE,
                    folder=folder,
                    files=users + _LEAST_FILES,
                    connections=2 * users + _LEAST_FILES,
                    shared=_SHARED_MIB,
                    port=port,
                    hold=HOLD_SECONDS,
                )
            )
            self._process = Process([_PROGRAM, "-c", configuration, "-p", folder], folder=folder)
        process = self._process
        # The first process listens before it has started the one that works.
        process.wait_until(lambda: listens(port) and len(tree(process.pid)) > 1)
        return Running(port, tree(process.pid))

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

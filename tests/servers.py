"""A supervisor for tests: runs the real program, in its own process, and always ends it.

It does what systemd does: with `activated=True` it owns the listening socket and hands it over
as descriptor 3, so that connections wait while the program is away, and it listens for the
program's notices (`READY=1`). A server is ended by its process id, whatever a test did.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.ports import Port

WAKEFUL = Path(sys.executable).with_name("wakeful")

START_SECONDS = 180.0  # far above what a start takes: only a server that hangs meets it
STOP_SECONDS = 60.0

# The descriptor of the socket is known only now, and LISTEN_PID only in the child: so a first
# program puts both in their place, and becomes the server.
_ACTIVATE = """\
import os, sys
fd = int(sys.argv[1])
if fd != 3:
    os.dup2(fd, 3)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerFailed(AssertionError):
    """The server did not do what it was told. The text has the end of what it wrote."""


class Server:
    """`wakeful serve` on a data folder of its own, as often as it is started.

    `arguments` go to `wakeful serve`; `environ` is added to an environment without any
    variable of this project. With `activated=False` it listens by itself, on `port`, by
    default on one that is kept free for it. With `tls=True` it listens with TLS, too: always
    by itself, so that while it is away whoever connects there is refused. `program` may be
    another that does the same.
    """

    def __init__(
        self,
        folder: Path,
        *,
        watch: Path | None = None,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        activated: bool = True,
        port: int | None = None,
        tls: bool = False,
    ) -> None:
        self.data = folder / "data"
        self.watch = watch
        self.arguments = tuple(arguments)
        self.environ = dict(environ or {})
        self.activated = activated
        self.program: tuple[str, ...] = (str(WAKEFUL),)
        self._wanted = port
        self.notices: list[str] = []
        self._out = folder / "server.out"
        self._err = folder / "server.err"
        self._process: subprocess.Popen[bytes] | None = None
        # Short, for the name of a socket has 104 bytes at most.
        self._notices_folder = tempfile.TemporaryDirectory(prefix="wakeful-")
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(os.path.join(self._notices_folder.name, "notify"))
        self._kept = Port()
        self.port = self._kept.number
        self._kept_tls = Port() if tls else None
        self._tls_port = self._kept_tls.number if self._kept_tls else None
        self._listening: socket.socket | None = None

    # --- what a client needs ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_host(self) -> str:
        """Where it listens with TLS, as `host:port`."""
        return f"127.0.0.1:{self._tls_port}"

    @property
    def authority(self) -> Path:
        """The file by which clients trust it."""
        return self.data / "tls" / "ca.pem"

    @property
    def token_file(self) -> Path:
        return self.data / "token"

    @property
    def token(self) -> str:
        return self.token_file.read_text(encoding="ascii").strip()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server was never started"
        return self._process.pid

    @property
    def out(self) -> str:
        """What it wrote to standard output, over all its starts."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def err(self) -> str:
        """What it wrote to standard error, over all its starts."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    # --- what a supervisor does ---

    def start(self) -> None:
        """Start it, and return when it says that it is ready."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it, and return at once."""
        assert not self.is_running(), "the server runs already"
        self.notices.clear()
        self._drain_notices()
        command = [*self.program, "serve", "--data", str(self.data)]
        if self.watch is not None:
            command += ["--watch", str(self.watch)]
        if self._tls_port is not None:
            command += ["--tls-port", str(self._tls_port)]
        command += self.arguments
        environ = clean_environ() | self.environ
        environ["NOTIFY_SOCKET"] = os.path.join(self._notices_folder.name, "notify")
        passed: tuple[int, ...] = ()
        if self.activated:
            self.listen()
            assert self._listening is not None
            passed = (self._listening.fileno(),)
            environ["LISTEN_FDS"] = "1"
            command = [sys.executable, "-I", "-S", "-c", _ACTIVATE, str(passed[0]), *command]
        else:
            command += ["--port", str(self.port if self._wanted is None else self._wanted)]
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environ,
                pass_fds=passed,
            )

    def wait_until_ready(self, timeout: float = START_SECONDS) -> None:
        self.wait_for_notice("READY=1", timeout)

    def wait_for_notice(self, notice: str, timeout: float = START_SECONDS) -> None:
        """Wait until the server told its supervisor *notice* in this run."""
        deadline = time.monotonic() + timeout
        while notice not in self.notices:
            if time.monotonic() > deadline:
                raise self.failed(f"the server did not say {notice} in {timeout:.0f} s")
            if self._hear(0.05) or self.is_running():
                continue
            # A last word may have come between the two looks.
            if not self._hear(0.0):
                code = self._process.returncode if self._process else None
                raise self.failed(f"the server ended with {code} and did not say {notice}")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait_until_ended(self, timeout: float = STOP_SECONDS) -> int:
        """Wait for the end; return the exit code."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failed(f"the server did not end in {timeout:.0f} s") from None

    def terminate(self) -> None:
        """Ask it to end, as a supervisor does; it has to do so properly."""
        self.ask_to_end()
        code = self.wait_until_ended()
        if code != 0:
            raise self.failed(f"the server ended with {code} when it was told to stop")

    def kill(self) -> None:
        """End it as a crash of the machine would: without any warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self.terminate()
        self.start()

    def listen(self) -> None:
        """Open the listening socket: from now on connections wait for a server."""
        if self._listening is None:
            self._listening = self._kept.listen()

    @property
    def longest_queue(self) -> int:
        """How many new connections may wait in the socket that it is handed, as Linux says."""
        assert self._listening is not None
        # `tcp_info`: eight bytes, then numbers; of a listening socket the sixth (linux/tcp.h).
        told = self._listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
        return int(struct.unpack_from("8x6I", told)[5])

    @property
    def emptied_by(self) -> int:
        """How many descriptors it has of the socket that it is handed, as Linux says."""
        assert self._listening is not None
        handed_over = f"socket:[{os.fstat(self._listening.fileno()).st_ino}]"
        found = 0
        for opened in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since they were listed
                found += str(opened.readlink()) == handed_over
        return found

    def refuse_connections(self) -> None:
        """Close the listening socket: with no server, whoever connects is refused."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def close(self) -> None:
        """End everything that is still there."""
        if self.is_running():
            self.kill()
        self.refuse_connections()
        self._kept.release()
        if self._kept_tls is not None:
            self._kept_tls.release()
        self._notices.close()
        self._notices_folder.cleanup()

    def failed(self, what: str) -> ServerFailed:
        return ServerFailed(f"{what}\n{self.report()}")

    def report(self) -> str:
        """The end of what the server wrote."""
        parts = []
        for path in (self._out, self._err):
            if path.exists():
                text = path.read_text(encoding="utf-8", errors="replace")
                parts.append(f"--- {path.name}, the last lines ---\n{text[-6000:]}")
        return "\n".join(parts)

    def _hear(self, timeout: float) -> bool:
        readable, _, _ = select.select([self._notices], [], [], timeout)
        if not readable:
            return False
        self.notices.extend(self._notices.recv(4096).decode().split("\n"))
        return True

    def _drain_notices(self) -> None:
        while select.select([self._notices], [], [], 0)[0]:
            self._notices.recv(4096)


@contextlib.contextmanager
def running(
    folder: Path,
    *,
    watch: Path | None = None,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    activated: bool = True,
    port: int | None = None,
    tls: bool = False,
) -> Iterator[Server]:
    """A server that is ready; what it wrote is shown if the test fails."""
    server = Server(
        folder,
        watch=watch,
        arguments=arguments,
        environ=environ,
        activated=activated,
        port=port,
        tls=tls,
    )
    try:
        server.start()
        yield server
    finally:
        server.close()
        # Captured, and so shown for a test that failed.
        sys.stderr.write(server.report())


def clean_environ() -> dict[str, str]:
    """The environment without the project's own variables, and without a home's settings."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WAKEFUL_", "LISTEN_", "NOTIFY_"))
    }
    environ["XDG_CONFIG_HOME"] = os.devnull
    # A program of today's Python writes what it prints at once, even to a file.
    environ["PYTHONUNBUFFERED"] = "1"
    return environ


def wakeful(
    *arguments: str | Path,
    environ: Mapping[str, str] | None = None,
    typed: str = "",
    timeout: float = 180.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end, whatever its exit code; *typed* is all that it can
    read."""
    return subprocess.run(
        [str(WAKEFUL), *map(str, arguments)],
        input=typed,
        capture_output=True,
        text=True,
        env=clean_environ() | dict(environ or {}),
        timeout=timeout,
        check=False,
    )


def eventually(
    holds: Callable[[], object], what: str, timeout: float = 180.0, pause: float = 0.01
) -> None:
    """Look until *holds*; for states that nothing announces."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {timeout:.0f} s: {what}")
        time.sleep(pause)

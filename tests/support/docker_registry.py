"""Debian's docker-registry on a free loopback port."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .until import PATIENCE

CERTIFICATES: Final = Path(__file__).parent.parent / "data" / "tls"
USERNAME: Final = "tidegate"
PASSWORD: Final = "gate-keeper"
_HTPASSWD: Final = f"{USERNAME}:$2b$04$TidegateTestRegistrysOOl3K5HgnrP.d.IoC9Tz4jvJ5/MZ1HYy\n"
"""PASSWORD hashed by bcrypt at its lowest cost: the registry hashes at every request."""
_ATTEMPTS: Final = 5

_CONFIG: Final = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {storage}}}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http: {{addr: "127.0.0.1:{port}"{tls}}}
"""


class DockerRegistry:
    """A registry process; use it in a `with` statement. It is always ended.

    Args:
        folder: where storage, configuration and log go.
        auth: ask for USERNAME and PASSWORD (Basic).
        tls: speak TLS with the certificate in `CERTIFICATES`.
    """

    def __init__(self, folder: Path, *, auth: bool = False, tls: bool = False) -> None:
        self.folder = folder
        self.auth = auth
        self.tls = tls
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:port`, as an image reference has it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The endpoint of a registry account."""
        return f"{'https' if self.tls else 'http'}://{self.host}"

    @property
    def cpu_seconds(self) -> float:
        """CPU that the process has used so far (Linux)."""
        if self._process is None:
            return 0.0
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Start, or start again on the same port with the same storage; return when it answers."""
        program = shutil.which("docker-registry")
        if program is None:
            raise RuntimeError("docker-registry is not installed: apt-get install docker-registry")
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = [self.port] if self.port else [_free_port() for _ in range(_ATTEMPTS)]
        for port in ports:
            self._launch(program, port)
            if self._answers(port):
                self.port = port
                return
            self.stop()
        raise RuntimeError(f"docker-registry did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """End the process; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, program: str, port: int) -> None:
        pem = CERTIFICATES / "server.pem"
        tls = f", tls: {{certificate: {pem}, key: {pem}}}" if self.tls else ""
        config = _CONFIG.format(storage=self.folder / "storage", port=port, tls=tls)
        if self.auth:
            (self.folder / "htpasswd").write_text(_HTPASSWD)
            config += f"auth: {{htpasswd: {{realm: test, path: {self.folder / 'htpasswd'}}}}}\n"
        (self.folder / "config.yml").write_text(config)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "serve", str(self.folder / "config.yml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment, "OTEL_TRACES_EXPORTER": "none"},
            )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            connection = (
                http.client.HTTPSConnection(
                    "127.0.0.1", port, timeout=2, context=ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
                )
                if self.tls
                else http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            )
            try:
                connection.request("GET", "/v2/")
                if connection.getresponse().status in {200, 401}:
                    return self._process.poll() is None
            except OSError:
                time.sleep(0.02)
            finally:
                connection.close()
        return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port

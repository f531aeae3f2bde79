"""A real PostgreSQL for tests: a cluster of its own in a folder of its own, ended by those who started it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from .until import PATIENCE, until

_BINARIES = Path("/usr/lib/postgresql")
_SETTINGS = {
    "fsync": "off",  # a test's data needs no disk; what was committed is there after a kill all the same
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum": "on",
}


class PostgresServer:
    """A cluster that listens on a Unix socket only. PostgreSQL refuses to run as root: then it runs as `nobody`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "--auth=trust", "--username=tide", "--no-sync", "--encoding=UTF8", "--locale=C")
        self.start()

    @cached_property
    def _user(self) -> pwd.struct_passwd | None:
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._program("postgres"), "-D", self._data, "-k", self.folder, *settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_user,
        )
        until(self._answers, every=0.05)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "PostgreSQL ended at once"
        asked = [self._program("pg_isready"), "-q", "-h", self.folder, "-t", "5"]
        return subprocess.run(asked, check=False, timeout=PATIENCE).returncode == 0

    def stop(self) -> None:
        """End it at once, as if the machine had lost its power."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&user=tide"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the address of a new database."""
        name = f"d{uuid4().hex[:12]}"
        self.ask(self.url("postgres"), f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.ask(self.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)")

    def ask(self, url: str, statement: str) -> str:
        """Return what a statement answers, by PostgreSQL's own client: columns parted by `|`."""
        command = [self._program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._program(program), "-D", self._data, *arguments],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            **self._as_user,
        )
        assert done.returncode == 0, done.stderr.decode()

    @property
    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": [], "cwd": self.folder}

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name) or next((str(each) for each in sorted(_BINARIES.glob(f"*/bin/{name}"))[::-1]), None)
        assert found, f"{name} is missing: run `make test` once, it installs Debian's postgresql"
        return found

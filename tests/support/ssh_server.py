"""A git server for tests: SSH on loopback, with a key of its own, for one user's key; git's two programs behind it."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self, TypeAlias

import asyncssh

from support.until import PATIENCE

USER: Final = "deployer"
_PROGRAMS: Final = {"git-upload-pack": "upload-pack", "git-receive-pack": "receive-pack"}
_Source: TypeAlias = asyncio.StreamReader | asyncssh.SSHReader[bytes]
_Target: TypeAlias = asyncio.StreamWriter | asyncssh.SSHWriter[bytes]


class SshServer:
    """Serves bare repositories by SSH; relative paths are below a folder. A context manager.

    Args:
        root: folder of the repositories.
        keys: folder for the keys of the client: `id`, `stranger` (not let in), and `known_hosts`.
    """

    def __init__(self, root: Path, keys: Path) -> None:
        self._root, self._keys = root, keys
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._started = Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._stop = asyncio.Event()
        self.port = 0

    def command(self, key: str = "id", known_hosts: str = "known_hosts") -> str:
        """Return what GIT_SSH_COMMAND is for a client that has a key, and knows hosts."""
        options = {
            "IdentityFile": self._keys / key,
            "UserKnownHostsFile": self._keys / known_hosts,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "Port": self.port,
        }
        words = ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items())]
        return shlex.join(words)

    def __enter__(self) -> Self:
        for name in ("id", "stranger"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(str(self._keys / name))
            (self._keys / name).chmod(0o600)
            key.write_public_key(str(self._keys / f"{name}.pub"))
        self._thread.start()
        assert self._started.wait(PATIENCE)
        known = self._host_key.export_public_key().decode()
        (self._keys / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {known}")
        (self._keys / "nobody_known").write_text("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._host_key],
            authorized_client_keys=str(self._keys / "id.pub"),
            process_factory=self._run,
            encoding=None,
        )
        async with server:
            self.port = server.get_port()
            self._started.set()
            await self._stop.wait()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        program, *paths = shlex.split(process.command or "")
        if program not in _PROGRAMS or len(paths) != 1:
            process.exit(127)
            return
        child = await asyncio.create_subprocess_exec(
            "git",
            _PROGRAMS[program],
            str(self._root / paths[0]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdin
        assert child.stdout
        assert child.stderr
        asking = asyncio.create_task(_pass_on(process.stdin, child.stdin))
        await asyncio.gather(_pass_on(child.stdout, process.stdout), _pass_on(child.stderr, process.stderr))
        asking.cancel()
        process.exit(await child.wait())


async def _pass_on(source: _Source, target: _Target) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except (ConnectionError, asyncssh.BreakReceived):
        pass  # the other end has gone, and the programs see it
    if isinstance(target, asyncio.StreamWriter):
        target.close()

"""Git: the `git` program, run in an environment where only the user's ways to authenticate are left."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.git import GitMissing, GitSlow, RemoteUnreachable
from tidegate.git.failures import failure
from tidegate.git.remote import Remote

_LOG: Final = logging.getLogger(__name__)

OLDEST: Final = (2, 38)
"""The first git with `merge-tree --write-tree`; `cat-file --batch-command` came with 2.36."""

LOCAL_SECONDS: Final = 120.0
REMOTE_SECONDS: Final = 900.0

_PIPE_BYTES: Final = 256 * 1024
_PATIENCE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.01

_KEPT: Final = re.compile(
    r"GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|PROXY_COMMAND|SSL_\w+|HTTP_\w+"
    r"|CONFIG_GLOBAL|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+|EXEC_PATH)"
)
"""Of git's own variables, those by which a user or a CI system lets git authenticate."""

_ENVIRONMENT: Final = {
    "LC_ALL": "C",  # failures are told apart by English text
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file:ssh:http:https",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}

_SETTINGS: Final = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "gc.auto=0",
    "gc.packRefs=false",  # a fetch beside it would find them locked
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.pushOption=",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "protocol.ext.allow=never",
    "i18n.commitEncoding=UTF-8",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "advice.detachedHead=false",
)
"""Overrides of what a user's configuration could surprise with; helpers, proxies, keys and `insteadOf` stay theirs."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended.

    Args:
        status: its exit status.
        out: its standard output.
        err: its standard error, for people.
    """

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text, without the last line's end."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")


class Git:
    """The program.

    Hooks, prompts, paging, background work and helpers that run commands are off. System-wide configuration is
    read only where a remote is talked to: credential helpers and certificates may live there.

    Args:
        program: absolute path of `git`.
        environ: the variables that it is to get, maybe with secrets; see `find`.
    """

    def __init__(self, program: str, environ: Mapping[str, str]) -> None:
        self.program = program
        self.environ = dict(environ)

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> Git:
        """Return the `git` on PATH.

        Args:
            environ: environment variables; None for this process's own.

        Raises:
            GitMissing: there is none, or it is older than 2.38.
        """
        given = os.environ if environ is None else environ
        path = shutil.which("git", path=given.get("PATH"))
        if path is None:
            raise GitMissing("there is no git program on PATH", hint="install git 2.38 or later")
        kept = {name: value for name, value in given.items() if not name.startswith("GIT_") or _KEPT.fullmatch(name)}
        git = cls(str(Path(path).absolute()), {**kept, **_ENVIRONMENT})
        said = git.run("version").text
        match = re.match(r"git version (\d+)\.(\d+)", said)
        if match is None or (int(match[1]), int(match[2])) < OLDEST:
            raise GitMissing(f"{path} is too old: {said[:80]}", hint="install git 2.38 or later")
        return git

    def run(
        self,
        *arguments: str,
        folder: Path | None = None,
        remote: Remote | None = None,
        data: bytes = b"",
        fine: frozenset[int] = frozenset({0}),
        inside: bool = False,
        seconds: float | None = None,
    ) -> Finished:
        """Run one command and return what it said.

        Args:
            arguments: the command and its arguments.
            folder: the git directory; None for commands that need none.
            remote: what the command talks to, for its credentials and for errors.
            data: standard input.
            fine: exit statuses that are no failure.
            inside: run it in `folder`, so that it stays with this one when another takes its name.
            seconds: how long it may take; None for as long as is usual.

        Raises:
            TidegateError: a leaf of `tidegate.errors.git`, by the table in `failures.py`.
        """

        def once() -> Finished:
            process = self.start(*arguments, folder=folder, remote=remote, inside=inside)
            try:
                out, err = process.communicate(data, timeout=seconds or (REMOTE_SECONDS if remote else LOCAL_SECONDS))
            except subprocess.TimeoutExpired:
                raise _overrun(arguments[0], remote) from None
            finally:
                end(process)
            finished = Finished(process.returncode, out, err.decode("utf-8", "replace"))
            _LOG.debug("git %s: exit status %d, %d bytes", " ".join(arguments), finished.status, len(out))
            if finished.status not in fine:
                raise failure(arguments[0], finished.err, remote)
            return finished

        return self.around(arguments[0], remote, once)

    def around(self, command: str, remote: Remote | None, run: Callable[[], Finished]) -> Finished:
        """Run a command of `run`'s; a subclass may do something before and after it.

        Args:
            command: its first argument.
            remote: what it talks to.
            run: runs it, and raises what `run` raises.
        """
        del command, remote
        return run()

    def start(
        self, *arguments: str, folder: Path | None = None, remote: Remote | None = None, inside: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start one command with pipes; the caller ends it. Arguments as for `run`.

        It gets a session of its own: there is no terminal to ask on, and Ctrl-C reaches Tidegate alone, which ends it.
        """
        command = [self.program]
        for setting in _SETTINGS:
            command += ["-c", setting]
        if folder is not None:
            command.append(f"--git-dir={'.' if inside else folder}")
        environ = self.environ if remote else {**self.environ, "GIT_CONFIG_NOSYSTEM": "1"}
        if remote is not None and remote.authorization is not None:
            environ = _with_authorization(environ, remote.url, remote.authorization)
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            cwd=folder if inside else None,
            bufsize=_PIPE_BYTES,
            start_new_session=True,
        )


def _overrun(command: str, remote: Remote | None) -> TidegateError:
    """Return the error for a command that has taken too long: whose fault that is depends on whom it talks to."""
    what = f"git {command} did not end in time"
    if remote is None:
        return GitSlow(what, hint="try again; if it stays so, look at the disk and at what else the machine does")
    return RemoteUnreachable(
        what, where=remote.url, hint="try again; if it stays so, look at the network and the server"
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a started command, whatever it is doing, and everything that it started.

    It is asked first: git then takes its lock files away, in a local remote too.
    """
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
            _await_group(process.pid)


def _await_group(group: int) -> None:
    """Wait until the programs that a command had started have ended too, for some seconds at most."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(_LOOK_SECONDS)


def _with_authorization(environ: Mapping[str, str], url: str, value: str) -> dict[str, str]:
    """Return `environ` with the header as configuration by environment: arguments can be seen by every user.

    Once git was sent elsewhere, it would send the header there, too: it is not to follow.
    """
    text = environ.get("GIT_CONFIG_COUNT", "0")
    count = int(text) if text.isdecimal() else 0
    return {
        **environ,
        "GIT_CONFIG_COUNT": str(count + 2),
        f"GIT_CONFIG_KEY_{count}": f"http.{url}.extraHeader",
        f"GIT_CONFIG_VALUE_{count}": f"Authorization: {value}",
        f"GIT_CONFIG_KEY_{count + 1}": f"http.{url}.followRedirects",
        f"GIT_CONFIG_VALUE_{count + 1}": "false",
    }

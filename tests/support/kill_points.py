"""Boundary: where a process acts on the outside world, seen from outside the product, and a place to kill it.

Outward effects are: every git command that writes, every HTTP request that changes something, every rename or link.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

_WRITING: Final = {"push": "git push", "fast-import": "git fast-import", "hash-object": "git hash-object"}
_REQUEST: Final = re.compile(rb"([A-Z]+) \S+ HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n")
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

KILLED: Final = "git/killed "
"""How git calls itself to a remote over HTTP whose push is to be killed; then the moment, then whose process."""

HOOK: Final = """\
#!/bin/sh
case "$TIDEGATE_TEST_KILL" in
  {moment}) # the whole container dies, git's push with it
    kill -9 "$TIDEGATE_TEST_PID"
    kill -9 0 ;;
  {orphan}) # only Tidegate dies; its push is still under way when the next run begins
    kill -9 "$TIDEGATE_TEST_PID"
    sleep 0.3 ;;
esac
"""


def install_hooks(repository: Path) -> None:
    """Let a bare repository kill who pushes, when asked to."""
    for name, moment, orphan in (("pre-receive", "received", "orphaned"), ("post-receive", "moved", "-")):
        hook = repository / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK.format(moment=moment, orphan=orphan))
        hook.chmod(0o755)


class Boundary:
    """Counts this process's outward effects, and kills it at one of them.

    Args:
        log: a file that gets one line per effect.
        kill: (kind of effect, which one of that kind, moment), or None.
    """

    def __init__(self, log: Path, kill: tuple[str, int, str] | None) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._kill = kill
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Begin: from now on, in this process."""
        self._watch_programs()
        self._watch_http()
        self._watch_files()

    def _begins(self, kind: str) -> str | None:
        """Note an effect; return the moment at which to die if it is this one."""
        with self._lock:
            self._counts[kind] += 1
            mine = self._kill[2] if self._kill and self._kill[:2] == (kind, self._counts[kind]) else None
            os.write(self._log, f"{kind}\n".encode())
        if mine == "before":
            _die()
        return mine

    def _watch_programs(self) -> None:
        boundary = self

        class Watched(subprocess.Popen[bytes]):
            def __init__(self, args: Sequence[str], **options: object) -> None:
                kind = next((_WRITING[word] for word in args if word in _WRITING), None)
                self._moment = boundary._begins(kind) if kind else None
                if self._moment in {"received", "orphaned", "moved"}:
                    told = {
                        "TIDEGATE_TEST_KILL": self._moment,
                        "TIDEGATE_TEST_PID": str(os.getpid()),
                        "GIT_HTTP_USER_AGENT": f"{KILLED}{self._moment} {os.getpid()}",  # a remote over HTTP
                    }
                    options["env"] = {**options["env"], **told}
                super().__init__(args, **options)

            def communicate(self, *args: object, **options: object) -> tuple[bytes, bytes]:
                answer = super().communicate(*args, **options)
                if self._moment == "after":
                    _die()
                return answer

        subprocess.Popen = Watched

    def _watch_http(self) -> None:
        boundary = self

        class Watched(socket.socket):
            _moment: str | None = None

            def sendall(self, data: bytes | memoryview, flags: int = 0) -> None:
                sent = bytes(data)
                request = _REQUEST.match(sent)
                if request:
                    method = request[1].decode()
                    self._moment = boundary._begins(method) if method in _CHANGING else None
                body = sent[request.end() :] if request else sent
                if self._moment == "during" and body:
                    super().sendall(sent[: len(sent) - len(body) // 2], flags)
                    _die()
                super().sendall(data, flags)

            def recv(self, size: int, flags: int = 0) -> bytes:
                received = super().recv(size, flags)
                if self._moment == "after":
                    _die()
                return received

        socket.socket = Watched

    def _watch_files(self) -> None:
        for name in ("rename", "replace", "link"):
            setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, call: Callable[..., None]) -> Callable[..., None]:
        def watched(*args: object, **options: object) -> None:
            moment = self._begins("rename")
            call(*args, **options)
            if moment == "after":
                _die()

        return watched


def _die() -> None:
    os.killpg(0, signal.SIGKILL)

"""Git, its commands being counted."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tidegate.git import Git, Remote


class CountingGit(Git):
    """Counts the commands that are started, by name."""

    def __init__(self, program: str, environ: Mapping[str, str]) -> None:
        super().__init__(program, environ)
        self.started: Counter[str] = Counter()

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> CountingGit:
        found = Git.find(environ)
        return cls(found.program, found.environ)

    def start(
        self, *arguments: str, folder: Path | None = None, remote: Remote | None = None, inside: bool = False
    ) -> subprocess.Popen[bytes]:
        self.started[arguments[0]] += 1
        return super().start(*arguments, folder=folder, remote=remote, inside=inside)

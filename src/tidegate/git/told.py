"""The git program, somebody being told of each command."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tidegate.errors import TidegateError
from tidegate.git.program import Finished, Git
from tidegate.git.remote import Remote
from tidegate.ports.telemetry import Ending, Kind, Operation, Telemetry

_BROKEN: Final = Ending("interrupted", failed=True)


class ToldOfGit(Git):
    """Tells of each command that is run. The programs that read objects, and last, are not told of.

    Args:
        git: the program.
        telemetry: is told.
    """

    def __init__(self, git: Git, telemetry: Telemetry) -> None:
        super().__init__(git.program, git.environ)
        self._telemetry = telemetry

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
        """Run one command; as `Git.run`."""
        details = {"url.full": remote.url} if remote else {}
        end = self._telemetry.begin(Operation(Kind.GIT, arguments[0], details=details))
        ending = _BROKEN
        try:
            finished = super().run(
                *arguments, folder=folder, remote=remote, data=data, fine=fine, inside=inside, seconds=seconds
            )
            ending = Ending("ok", details={"process.exit.code": finished.status})
        except TidegateError as error:
            ending = Ending(error.code, failed=True)
            raise
        finally:
            end(ending)
        return finished

"""The git program, somebody being told of each command."""

from __future__ import annotations

from collections.abc import Callable
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

    def around(self, command: str, remote: Remote | None, run: Callable[[], Finished]) -> Finished:
        """Run a command, and tell of it."""
        details = {"url.full": remote.url} if remote else {}
        end = self._telemetry.begin(Operation(Kind.GIT, command, details=details))
        ending = _BROKEN
        try:
            finished = run()
            ending = Ending("ok", details={"process.exit.code": finished.status})
        except TidegateError as error:
            ending = Ending(error.code, failed=True)
            raise
        finally:
            end(ending)
        return finished

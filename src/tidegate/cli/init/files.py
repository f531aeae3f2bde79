"""What `tidegate init` writes: new files only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tidegate.cli.output import Output
from tidegate.errors.onboarding import FileExists


class State(Enum):
    """What is there where a file is to be written."""

    NEW = "new"
    SAME = "there already"
    OTHER = "there already, with something else in it"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to write.

    Args:
        path: where.
        text: what.
    """

    path: Path
    text: str

    @property
    def state(self) -> State:
        """What is there now."""
        if not self.path.exists() and not self.path.is_symlink():
            return State.NEW
        return State.SAME if self._present() == self.text else State.OTHER

    def _present(self) -> str:
        return self.path.read_bytes().decode("utf-8", "replace")

    def diff(self) -> str:
        """Return how the file that is there differs from this one."""
        old, new = self._present().splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(old, new, str(self.path), f"{self.path} (as it would be)"))

    def write(self) -> None:
        """Write it, unless anything has come there meanwhile."""
        with self.path.open("x", encoding="utf-8") as file:
            file.write(self.text)


def write_new(files: Iterable[NewFile], output: Output) -> None:
    """Write the files that are not there; when one is there with something else in it, write none.

    Raises:
        FileExists: one is.
    """
    files = tuple(files)
    differing = [file for file in files if file.state is State.OTHER]
    for file in differing:
        output.line(file.diff().rstrip("\n"))
    if differing:
        raise FileExists(
            "there is such a file, and nothing is overwritten",
            where=str(differing[0].path),
            hint="take over what you want from the diff, or name another file with --file",
        )
    for file in files:
        if file.state is State.NEW:
            file.write()
            output.say(f"{file.path} is written")
        else:
            output.say(f"{file.path} is there already, just so")

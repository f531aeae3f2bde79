"""Stage: runs command lines, shows them as a person would type them, and checks how they end."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import click

from tidegate.cli import INTERRUPTED
from tidegate.cli.clock import SystemClock
from tidegate.cli.frame import run
from tidegate.errors.demo import UnexpectedEnd
from tidegate.git import Git

_INDENT: Final = "    "
_CHECKOUTS: Final = "work"


@dataclass(frozen=True)
class Stage:
    """A demo world, and the screen that everything is shown on.

    Args:
        folder: the world, absolute.
        shown: the world's folder as the person wrote it, e.g. `demo`.
        environ: environment variables for every command.
        hands: the git program, for what people do by hand.
        screen: where all is written.
        colour: whether headings and command lines stand out.
    """

    folder: Path
    shown: str
    environ: Mapping[str, str]
    hands: Git
    screen: TextIO
    colour: bool = False
    clock: SystemClock = field(default_factory=SystemClock)

    def heading(self, text: str) -> None:
        """Begin a scene."""
        self._line("")
        self._line(f"== {text} ==", bold=True)

    def tell(self, text: str) -> None:
        """Say what is going on, in a paragraph of its own."""
        self._line("")
        for line in text.splitlines():
            self._line(line)

    def aside(self, text: str) -> None:
        """Say what somebody else does now, like a comment in a shell script."""
        self._line("")
        self._line(f"# {text}", fg="green")

    def note(self, text: str) -> None:
        """Show what was printed, or what else belongs to the line above."""
        for line in text.splitlines():
            self._line(f"{_INDENT}{line}".rstrip())

    def checkout(self, project: str) -> Path:
        """Return the checkout of the project called `project`, e.g. `gitops`."""
        return self.folder / _CHECKOUTS / project

    def tidegate(self, *arguments: str, inside: str = "", ends: int = 0, shows: Iterable[str] = ()) -> str:
        """Run `tidegate -C WORLD ARGUMENTS` in this process and show it.

        Args:
            arguments: what stands after `-C`.
            inside: the checkout that it is called in, e.g. `inventory`; "" for the world itself.
            ends: the exit code that it must have.
            shows: texts that must be in what it prints.

        Returns:
            Its standard output.

        Raises:
            UnexpectedEnd: it ended otherwise, or did not say what it should.
            KeyboardInterrupt: it was interrupted.
        """
        place = f"{_CHECKOUTS}/{inside}" if inside else ""
        line = shlex.join(["tidegate", "-C", f"{self.shown}/{place}".rstrip("/"), *arguments])
        self._command(line)
        both = io.StringIO()
        out, err = _Stream(both), _Stream(both)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["-C", str(self.folder / place), *arguments], self.environ)
        self.note(both.getvalue())
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code != ends:
            raise UnexpectedEnd(f"it ended with exit code {code}, and the demo expected {ends}", where=line)
        if ends:
            self.note(f"(exit code {code})")
        for text in shows:
            if text not in both.getvalue():
                raise UnexpectedEnd(f"it did not say {text!r}, as the demo expected", where=line)
        return out.getvalue()

    def git(self, project: str, *arguments: str) -> str:
        """Run git in a checkout and show it; return what it printed."""
        self._command(shlex.join(["git", "-C", f"{self.shown}/{_CHECKOUTS}/{project}", *arguments]))
        return self.quiet_git(project, *arguments)

    def quiet_git(self, project: str, *arguments: str) -> str:
        """Run git in a checkout without showing it."""
        return self.hands.run("-C", str(self.checkout(project)), *arguments).text

    def copy(self, source: str, target: str) -> None:
        """Copy a file of the world to another place in it and show it; both are paths below the world's folder."""
        place = self.folder / target
        if not place.parent.exists():
            self._command(shlex.join(["mkdir", "-p", f"{self.shown}/{target.rpartition('/')[0]}"]))
            place.parent.mkdir(parents=True)
        self._command(shlex.join(["cp", f"{self.shown}/{source}", f"{self.shown}/{target}"]))
        shutil.copyfile(self.folder / source, place)

    def _command(self, line: str) -> None:
        self._line("")
        self._line(f"$ {line}", fg="cyan")

    def _line(self, text: str, *, bold: bool | None = None, fg: str | None = None) -> None:
        styled = self.colour and text and (bold or fg)
        self.screen.write(f"{click.style(text, bold=bold, fg=fg) if styled else text}\n")
        self.screen.flush()


class _Stream(io.StringIO):
    """One of a command's two streams: kept by itself, and in order with the other one."""

    def __init__(self, both: io.StringIO) -> None:
        super().__init__()
        self._both = both

    def write(self, text: str) -> int:
        self._both.write(text)
        return super().write(text)

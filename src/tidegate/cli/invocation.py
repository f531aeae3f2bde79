"""What one call of the command line was given: folder, configuration, environment, person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.output import Output
from tidegate.errors.cli import PersonUnknown

if TYPE_CHECKING:  # pydantic and YAML are imported when the configuration is asked for
    from tidegate.config import Configuration
    from tidegate.ports import Clock


@dataclass(frozen=True)
class Invocation:
    """The global options and what they lead to. Commands get it with `@pass_invocation`.

    Args:
        directory: where the call is made from (`-C`); paths on the command line are relative to it.
        file: the configuration file that was named (`--config`), or None to look for it.
        environ: environment variables.
        output: where data and talk go.
        server: the server that is asked (`--server`), or None: the engine runs in this process.
    """

    directory: Path
    file: Path | None
    environ: Mapping[str, str]
    output: Output
    server: str | None = None

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration; read once, when first asked for.

        Raises:
            ConfigMissing, ConfigInvalid: of `tidegate.errors.config`.
        """
        from tidegate.config import load

        return load(self.directory, file=self.file, environ=self.environ)

    @cached_property
    def clock(self) -> Clock:
        """The system's clock."""
        from tidegate.cli.clock import SystemClock

        return SystemClock()

    def path(self, text: str) -> Path:
        """Return the path that a person wrote on the command line."""
        return self.directory / text

    def user(self, asked: str | None) -> str:
        """Return who acts: `asked` (`--as`), TIDEGATE_USER, GITLAB_USER_LOGIN, or the system's user.

        Raises:
            PersonUnknown: none of them says it, or the name has characters that no user name has.
        """
        configured = self.environ.get("TIDEGATE_USER") or self.environ.get("GITLAB_USER_LOGIN")
        name = asked if asked is not None else configured or _system_user()
        if not name.isprintable() or not name.strip() or any(mark in name for mark in " <>:/"):
            raise PersonUnknown(f"{name!r} is not a user name", hint="give one with --as USER, e.g. --as alice")
        return name


def _system_user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError) as error:  # a container's user id without a name; KeyError before Python 3.13
        raise PersonUnknown("nothing says who is acting", hint="give --as USER, or set TIDEGATE_USER") from error


pass_invocation = click.make_pass_decorator(Invocation)

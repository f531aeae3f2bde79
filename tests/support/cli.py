"""The command line in this process: what it printed and its exit code."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from support.secrets import assert_unseen, secrets_of
from tidegate.cli.frame import run


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


def tidegate(*arguments: object, environ: Mapping[str, str] | None = None) -> Ended:
    """Run `tidegate ARGUMENTS` with nothing in the environment but `environ`, whose secrets must not be printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments], environ or {})
    assert_unseen(out.getvalue() + err.getvalue(), secrets_of(environ or {}))
    return Ended(code, out.getvalue(), err.getvalue())

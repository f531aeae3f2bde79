"""Secrets must not be seen: what the suite's commands print is looked through here."""

from __future__ import annotations

import base64
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r".*(?:PASSWORD|TOKEN|SECRET|PRIVATE)(?!.*_(?:ENV|FILE)$).*")
"""Of variables with secrets; a name of a variable or file is none."""
_SHORTEST: Final = 4


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """Return the secrets that the variables of `environ` hold, by their names."""
    return {value for name, value in environ.items() if _NAME.fullmatch(name) and len(value) >= _SHORTEST}


def assert_unseen(text: str, secrets: Iterable[str]) -> None:
    """Fail when `text` shows one of `secrets`, plainly, in base64, or as part of `user:secret` in base64."""
    for secret in secrets:
        assert secret not in text, "a secret was printed"
        for padding in range(3):  # the three ways in which base64 of a longer text can hold it
            packed = base64.b64encode(b"-" * padding + secret.encode()).decode()
            inner = packed[4 if padding else 0 : len(packed) - 4]
            assert len(inner) < _SHORTEST * 2 or inner not in text, "a secret was printed in base64"


def spy_on(program: str, folder: Path, log: Path) -> None:
    """Put a stand-in for `program` into `folder` that notes its arguments in `log`, as /proc shows them.

    Args:
        program: name of a program on PATH.
        folder: to be put before PATH.
        log: grows by a line for each call.
    """
    real = shutil.which(program)
    assert real is not None
    folder.mkdir(exist_ok=True)
    script = folder / program
    script.write_text(f"#!/bin/sh\n{{ tr '\\0' ' ' < /proc/$$/cmdline; echo; }} >> '{log}'\nexec '{real}' \"$@\"\n")
    script.chmod(0o755)


def path_with(folder: Path) -> str:
    """Return PATH with `folder` before all else."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"

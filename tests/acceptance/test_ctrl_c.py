"""Ctrl-C at moments that a person hits by chance: while modules are imported, and while the first is being told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

_AT_IMPORT = """\
import os, signal, sys

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["PRESS_AT"]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

class Screen:
    def __init__(self, real):
        self._real = real

    def write(self, text):
        if "interrupted" in text and "AGAIN" in os.environ:
            os.kill(os.getpid(), signal.SIGINT)
        return self._real.write(text)

    def __getattr__(self, name):
        return getattr(self._real, name)

sys.meta_path.insert(0, Presses())
sys.stderr = Screen(sys.stderr)
"""
"""Presses Ctrl-C when a module is imported and, with AGAIN, when the process says that it was interrupted."""
_WHERE_PYTHON_IGNORES_IT = """\
import os, signal, sys, weakref

class Thing:
    pass

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            sys.meta_path.remove(self)
            thing = Thing()
            gone = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))
            del thing

sys.meta_path.insert(0, Presses())
"""
"""Presses Ctrl-C in a callback out of which no exception comes: Python's import locks have such."""


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("tidegate.cli.interrupts", False),
        ("tidegate.cli.frame", True),
        ("click", True),
        ("tidegate.cli.image.copy", True),
        ("tidegate.registry.batch", True),
    ],
)
def test_ctrl_c_ends_without_a_traceback_whatever_is_imported(tmp_path: Path, module: str, *, again: bool) -> None:
    environment = {"PRESS_AT": module, **({"AGAIN": "1"} if again else {})}
    assert _pressed(tmp_path, _AT_IMPORT, environment) == (130, "", "interrupted\n")


def test_ctrl_c_that_python_would_ignore_ends_the_process(tmp_path: Path) -> None:
    assert _pressed(tmp_path, _WHERE_PYTHON_IGNORES_IT, {}) == (130, "", "interrupted\n")


def _pressed(folder: Path, presses: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Return how a copy ends, and what it writes, in a process that begins with `presses`."""
    (folder / "sitecustomize.py").write_text(presses)
    ended = subprocess.run(
        [sys.executable, "-m", "tidegate", "image", "copy", "oci-layout:a:1", "oci-layout:b:1"],
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr

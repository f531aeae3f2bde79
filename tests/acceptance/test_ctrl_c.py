"""Ctrl-C and SIGTERM at moments that are hit by chance: while modules are imported, and while the first is told."""

from __future__ import annotations

import os
import signal
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
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

class Screen:
    def __init__(self, real):
        self._real = real

    def write(self, text):
        if "interrupted" in text and "AGAIN" in os.environ:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
        return self._real.write(text)

    def __getattr__(self, name):
        return getattr(self._real, name)

sys.meta_path.insert(0, Presses())
sys.stderr = Screen(sys.stderr)
"""
"""Sends SIGNAL when a module is imported and, with AGAIN, both when the process says that it was interrupted."""
_WHERE_PYTHON_IGNORES_IT = """\
import os, signal, sys, weakref

class Thing:
    pass

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            sys.meta_path.remove(self)
            thing = Thing()
            gone = weakref.ref(thing, lambda _: os.kill(os.getpid(), int(os.environ["SIGNAL"])))
            del thing

sys.meta_path.insert(0, Presses())
"""
"""Sends SIGNAL in a callback out of which no exception comes: Python's import locks have such."""


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
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
def test_both_end_without_a_traceback_whatever_is_imported(
    tmp_path: Path, module: str, sign: signal.Signals, code: int, *, again: bool
) -> None:
    environment = {"PRESS_AT": module, **({"AGAIN": "1"} if again else {})}
    if module == "tidegate.cli.interrupts" and sign is signal.SIGTERM:
        assert _sent(tmp_path, _AT_IMPORT, sign, environment) == (-sign, "", "")  # a shell says 143, too
    else:
        assert _sent(tmp_path, _AT_IMPORT, sign, environment) == (code, "", "interrupted\n")


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_python_would_ignore_ends_the_process(tmp_path: Path, sign: signal.Signals, code: int) -> None:
    assert _sent(tmp_path, _WHERE_PYTHON_IGNORES_IT, sign, {}) == (code, "", "interrupted\n")


def _sent(folder: Path, sends: str, sign: signal.Signals, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Return how a copy ends, and what it writes, in a process that begins with `sends`."""
    (folder / "sitecustomize.py").write_text(sends)
    ended = subprocess.run(
        [sys.executable, "-m", "tidegate", "image", "copy", "oci-layout:a:1", "oci-layout:b:1"],
        env={**os.environ, "PYTHONPATH": str(folder), "SIGNAL": str(int(sign)), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr

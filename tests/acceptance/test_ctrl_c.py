"""Ctrl-C at moments that a person hits by chance: while modules are imported, and while the first is being told."""

from __future__ import annotations

import os
import subprocess
import sys
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
        if "interrupted" in text:
            os.kill(os.getpid(), signal.SIGINT)
        return self._real.write(text)

    def __getattr__(self, name):
        return getattr(self._real, name)

sys.meta_path.insert(0, Presses())
sys.stderr = Screen(sys.stderr)
"""
"""Presses Ctrl-C when a module is imported, and again when the process says that it was interrupted."""


@pytest.mark.parametrize(
    "module", ["tidegate.cli.frame", "click", "tidegate.cli.image.copy", "tidegate.registry.batch"]
)
def test_ctrl_c_ends_without_a_traceback_whatever_is_imported(tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(_AT_IMPORT)
    ended = subprocess.run(
        [sys.executable, "-m", "tidegate", "image", "copy", "oci-layout:a:1", "oci-layout:b:1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PRESS_AT": module},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "interrupted\n")

"""`image copy` on a terminal: a line that is drawn over and over, except where that would be in the way."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.registry.layout.registry import LayoutFolder
from tidegate.testing.images import build_image

ERASE = "\x1b[K"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an image layout `build`."""
    build_image("inventory", layers=1).push(LayoutFolder(tmp_path / "build"), "", "1.1.3")
    return tmp_path


def _on_a_terminal(folder: Path, *options: str, term: str = "xterm") -> str:
    """Return what a terminal gets that stdout and stderr go to."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "image", "copy", "oci-layout:build:1.1.3", "oci-layout:there", *options],
            cwd=folder,
            env={**os.environ, "TERM": term},
            stdout=theirs,
            stderr=theirs,
        )
    finally:
        os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # what Linux answers when nobody writes any more
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_a_line_is_drawn_and_taken_away(folder: Path) -> None:
    assert ERASE in _on_a_terminal(folder)


def test_a_terminal_that_can_not_erase_gets_lines_only(folder: Path) -> None:
    shown = _on_a_terminal(folder, term="dumb")
    assert ERASE not in shown
    assert shown.startswith("done    oci-layout:there:1.1.3 holds ")


def test_events_are_whole_lines_where_talk_goes_to_the_same_terminal(folder: Path) -> None:
    events = [line for line in _on_a_terminal(folder, "-o", "json").splitlines() if not line.startswith("done ")]
    assert [json.loads(line)["event"] for line in events][-1] == "finished"

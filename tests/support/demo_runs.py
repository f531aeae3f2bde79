"""The demo as a process of its own, by a person with a git configuration that gets into the way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from support.git_worlds import git

SECONDS: Final = 240.0

_HOSTILE: Final = """\
[user]
    useConfigOnly = true
[commit]
    gpgSign = true
[tag]
    gpgSign = true
[init]
    defaultBranch = trunk
[core]
    hooksPath = /nonexistent/hooks
    autocrlf = true
[push]
    default = nothing
"""


def start(root: Path, *arguments: str, command: tuple[str, ...] = ("demo",)) -> subprocess.Popen[str]:
    """Start `tidegate demo` in `root`, in a process group of its own."""
    home = root / "home"
    home.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text(_HOSTILE)
    return subprocess.Popen(
        [sys.executable, "-m", "tidegate", *command, *arguments],
        cwd=root,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TIDEGATE_USER": "nobody", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return how a process ends: exit code, stdout, stderr."""
    with process:
        out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def interrupt(process: subprocess.Popen[str], text: str, delay: float, number: signal.Signals) -> tuple[int, str]:
    """Send a signal to a process's group some seconds after a line with `text`; return its exit code and stderr."""
    assert process.stdout is not None
    with process:
        read = []
        for line in process.stdout:
            read.append(line)
            if text in line:
                time.sleep(delay)
                os.killpg(process.pid, number)
                break
        rest, err = process.communicate(timeout=SECONDS)
    assert read, err
    assert text in read[-1], f"{text!r} never came:\n{''.join(read)}{rest}{err}"
    return process.returncode, err


def state_of(world: Path) -> dict[str, object]:
    """Return all that a world came to, but for times and commit ids."""
    return dict(_facts(world))


def _facts(world: Path) -> Iterator[tuple[str, object]]:
    for repository in sorted((world / "forge").rglob("*.git")):
        name = repository.stem
        refs = git("for-each-ref", "--format=%(refname)", cwd=repository).split()
        yield f"{name} refs", refs
        yield f"{name} files", git("ls-tree", "-r", "main", cwd=repository).splitlines()
        commits = git("log", "-z", "--format=%an: %B", "main", cwd=repository).split("\0")
        yield f"{name} history", sorted(map(_without_ids, commits))  # git's order goes by the second
    for layout in sorted(path.parent for path in (world / "registries").rglob("index.json")):
        entries = json.loads((layout / "index.json").read_bytes())["manifests"]
        tags = {entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"] for entry in entries}
        yield str(layout.relative_to(world)), tags


def digest_in(layout: Path, tag: str) -> str:
    """Return the digest of a tag in an image layout, as skopeo sees it."""
    raw = subprocess.run(["skopeo", "inspect", "--raw", f"oci:{layout}:{tag}"], capture_output=True, check=True).stdout
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _without_ids(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{12,40}\b", "ID", text)

"""Pipelines that want a version at the same moment: whole processes of the command line over a real git remote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.git_server import GitServer
from support.git_worlds import bare_repository, commit_files, git

PROGRAM = str(Path(sys.executable).with_name("tidegate"))
CALLERS = 20


def race(checkout: Path, *options: str) -> list[dict[str, str]]:
    """Start all callers, then wait; return what each printed."""
    command = [PROGRAM, "-C", str(checkout), "version", "next", "--push", "--format", "json", *options]
    environ = {"PATH": os.environ["PATH"], "HOME": str(checkout.parent)}
    callers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
        for _ in range(CALLERS)
    ]
    ended = [(*caller.communicate(), caller.returncode) for caller in callers]
    assert [err for _, err, code in ended if code != 0] == []
    return [json.loads(out) for out, _, _ in ended]


def test_twenty_pipelines_get_twenty_consecutive_versions(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    git("tag", "inventory/v1.0.3", "main", cwd=bare)
    git("tag", "inventory/v1.1.x", "main", cwd=bare)  # the line 1.1 is open
    with GitServer(tmp_path) as server:
        git("clone", "--quiet", f"{server.url}/app.git", "checkout", cwd=tmp_path)
        claimed = race(tmp_path / "checkout", "--tag-format", "inventory/v{version}")
    expected = [f"1.1.{patch}" for patch in range(CALLERS)]
    assert sorted(each["version"] for each in claimed) == sorted(expected)
    tags = git("for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags/inventory/v1.1.*", cwd=bare)
    assert sorted(f"{each['tag']} {each['commit']}" for each in claimed) == sorted(
        line for line in tags.splitlines() if ".x" not in line
    )


def test_one_of_twenty_takes_the_feature_and_the_others_go_on_from_it(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    git("tag", "1.0.0", "main", cwd=bare)
    commit_files(bare, "main", {"main.py": b"2\n"}, "feat: a feature")
    git("clone", "--quiet", "--depth=1", bare.as_uri(), "checkout", cwd=tmp_path)
    claimed = race(tmp_path / "checkout", "--bump", "auto")
    assert sorted(each["version"] for each in claimed) == sorted(f"1.1.{patch}" for patch in range(CALLERS))
    assert [each["bump"] for each in claimed].count("minor") == 1

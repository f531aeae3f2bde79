"""The suite for a real GitLab runs where one is named, here the fake one, and is not even collected elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.git_worlds import TickingClock
from support.gitlab_openapi import strangers
from support.live_gitlab import APPROVERS, TOKEN, URL
from tidegate.testing.gitlab import FakeGitLab, serve

ROOT = Path(__file__).parents[2]
NOTHING_COLLECTED = 5


def live(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "PYTEST_"))}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'live'}"]
    return subprocess.run(
        [*words, *arguments, "tests/live"],
        cwd=ROOT,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_nothing_is_collected_where_no_gitlab_is_named(tmp_path: Path) -> None:
    done = live(tmp_path, "--collect-only", **{URL: "http://127.0.0.1:1"})
    assert done.returncode == NOTHING_COLLECTED, done.stdout + done.stderr
    assert "no tests collected" in done.stdout
    assert "skipped" not in done.stdout


def test_it_passes_on_the_fake_and_leaves_nothing_behind(tmp_path: Path) -> None:
    fake = FakeGitLab(tmp_path / "remotes", TickingClock(), checks=2)
    with serve(fake) as url:
        approvers = ",".join(fake.token(name) for name in ("maria", "nils", "olga"))
        done = live(tmp_path, **{URL: url, TOKEN: fake.token("owner"), APPROVERS: approvers})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert (fake.groups, fake.projects) == ({}, {})
    odd = strangers(fake)
    assert not odd, odd

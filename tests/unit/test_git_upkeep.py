"""Mirrors stay small, and who reads them does not notice."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from support.git_worlds import ROBOT, START, bare_repository
from support.until import until
from tidegate.git import Git, Mirrors, Remote
from tidegate.git.fast_import import NewCommit, write_commit
from tidegate.git.mirror import Mirror
from tidegate.git.push import RefUpdate
from tidegate.git.upkeep import Limits

PATH = {"PATH": os.environ["PATH"]}
ALL_IN_PACKS = {
    **PATH,
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "fetch.unpackLimit",
    "GIT_CONFIG_VALUE_0": "1",
    "GIT_CONFIG_KEY_1": "fastimport.unpackLimit",
    "GIT_CONFIG_VALUE_1": "0",
}
"""Without, git keeps what is few as loose objects; a hundred objects make a pack."""
ROUNDS = 100
WEEKS = 3 * 7 * 24 * 3600


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote.parse(str(bare_repository(tmp_path, "app", {"count": b"0\n"})))


def packs(mirror: Mirror) -> int:
    return len(list((mirror.folder / "objects" / "pack").glob("*.pack")))


def loose(mirror: Mirror) -> int:
    return len(list((mirror.folder / "objects").glob("??/*")))


def committed(mirror: Mirror, parent: str, number: int) -> str:
    at = START + timedelta(minutes=number)
    return write_commit(mirror, NewCommit(parent, {"count": f"{number}\n".encode()}, "next\n", ROBOT, ROBOT, at))


def test_after_many_pushes_and_fetches_packs_are_few_and_nobody_was_disturbed(tmp_path: Path, remote: Remote) -> None:
    git, limits = Git.find(ALL_IN_PACKS), Limits(packs=12)
    with (
        Mirrors(git, tmp_path / "writes", lasts=True, limits=limits) as writes,
        Mirrors(git, tmp_path / "reads", lasts=True, limits=limits) as reads,
    ):
        writer, reader = writes.mirror(remote), reads.mirror(remote)
        commits = [writer.refresh()["refs/heads/main"]]
        reader.refresh()
        made = [(each.folder / "HEAD").stat().st_ino for each in (writer, reader)]
        stop, faults, answers = Event(), list[BaseException](), [0]

        def read_on() -> None:
            while not stop.is_set():
                for number, commit in enumerate(commits[:-1]):
                    try:
                        found = reader.ask(lambda objects, commit=commit: objects.contents([f"{commit}:count"]))  # type: ignore[misc]
                        assert found == [f"{number}\n".encode()]
                    except BaseException as fault:  # noqa: BLE001 - the test's own thread
                        faults.append(fault)
                        return
                    answers[0] += 1
                stop.wait(0.01)

        thread = Thread(target=read_on)
        thread.start()
        most = 0
        for number in range(1, ROUNDS + 1):
            new = committed(writer, commits[-1], number)
            writer.push([RefUpdate("refs/heads/main", new, commits[-1])])
            if number % 10 == 0:
                writer.refresh()
            assert reader.refresh()["refs/heads/main"] == new
            commits.append(new)
            most = max(most, packs(writer), packs(reader))
        stop.set()
        thread.join()
        assert not faults
        assert answers[0] > 0
        assert most < ROUNDS // 2, "they were packed while others worked"
        for mirror in (writer, reader):
            until(lambda mirror=mirror: packs(mirror) <= limits.packs)  # type: ignore[misc]
        assert [(each.folder / "HEAD").stat().st_ino for each in (writer, reader)] == made, "none was made anew"


def test_a_short_run_packs_at_its_end(tmp_path: Path, remote: Remote) -> None:
    with Mirrors(Git.find(ALL_IN_PACKS), tmp_path / "cache", limits=Limits(packs=5)) as mirrors:
        mirror = mirrors.mirror(remote)
        last = mirror.refresh()["refs/heads/main"]
        for number in range(1, 9):
            last = committed(mirror, last, number)
        mirror.refresh()
        assert packs(mirror) == 9
    assert packs(mirror) <= 2
    assert mirror.obtain(last)
    mirror.close()


def test_who_is_interrupted_does_not_wait_for_it(tmp_path: Path, remote: Remote) -> None:
    mirrors = Mirrors(Git.find(PATH), tmp_path / "cache", limits=Limits(loose=-1))
    with suppress(KeyboardInterrupt), mirrors:
        mirrors.mirror(remote).refresh()
        raise KeyboardInterrupt
    assert loose(mirrors.mirror(remote)) > 0


def test_what_is_loose_counts_too(tmp_path: Path, remote: Remote) -> None:
    with Mirrors(Git.find(PATH), tmp_path / "cache", limits=Limits(loose=256)) as mirrors:
        mirror = mirrors.mirror(remote)
        last, number = mirror.refresh()["refs/heads/main"], 0
        while len(list((mirror.folder / "objects" / "17").glob("*"))) < 2:
            number += 1
            last = committed(mirror, last, number)
        mirror.refresh()
        assert loose(mirror) > 3 * number
    assert (loose(mirror), packs(mirror)) == (0, 1)


def test_a_cache_that_is_gone_is_not_missed(tmp_path: Path, remote: Remote) -> None:
    with Mirrors(Git.find(ALL_IN_PACKS), tmp_path / "cache", limits=Limits(packs=0)) as mirrors:
        mirrors.mirror(remote).refresh()
        shutil.rmtree(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_what_nothing_leads_to_is_kept_for_two_weeks(tmp_path: Path, remote: Remote) -> None:
    with Mirrors(Git.find(PATH), tmp_path / "cache", lasts=True) as mirrors:
        mirror = mirrors.mirror(remote)
        main = mirror.refresh()["refs/heads/main"]
        old = committed(mirror, main, 1)
        past = time.time() - WEEKS
        for each in (mirror.folder / "objects").glob("??/*"):
            os.utime(each, (past, past))
        new = committed(mirror, main, 2)
        os.utime(mirror.folder / "tidegate-collected", (past, past))
        mirror.refresh()
        until(lambda: not mirror.obtain(old))
        assert mirror.obtain(new)
        assert mirror.obtain(main)


def test_who_is_being_answered_is_answered_to_the_end(tmp_path: Path, remote: Remote) -> None:
    with Mirrors(Git.find(PATH), tmp_path / "cache") as mirrors:
        mirror = mirrors.mirror(remote)
        main = mirror.refresh()["refs/heads/main"]
        seen = []

        def twice(objects: object) -> None:
            seen.append(objects)
            mirror.retire_reader()
            assert objects.info([main])[0] is not None  # type: ignore[attr-defined]

        mirror.ask(twice)
        mirror.ask(twice)
        assert seen[0] is not seen[1]

"""A file that is replaced whole or not at all."""

from __future__ import annotations

import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tidegate.whole_file import held, replace_file


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "release.yaml"
    file.write_bytes(b"before")
    file.chmod(0o640)
    replace_file(file, b"after")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"after", 0o640)
    assert [*tmp_path.iterdir()] == [file]


def test_a_new_file_has_the_mode_that_any_other_has(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    replace_file(tmp_path / "new", b"text")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_a_link_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "release.yaml"
    link.symlink_to("real/release.yaml")
    replace_file(link, b"one")
    replace_file(link, b"two")
    assert (link.is_symlink(), (tmp_path / "real/release.yaml").read_bytes()) == (True, b"two")


def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "release.yaml"
    file.write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            replace_file(file, b"x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ([*tmp_path.iterdir()], file.read_bytes()) == ([file], b"before")


@pytest.mark.parametrize("name", ["file", "link"])
def test_who_holds_a_file_that_is_replaced_meanwhile_holds_the_new_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("file")

    def count(_: int) -> None:
        with held(tmp_path / name):
            replace_file(tmp_path / name, (tmp_path / name).read_bytes() + b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(100)))
    assert (tmp_path / "file").read_bytes() == b"x" * 100
    assert {each.name for each in tmp_path.iterdir()} == {"file", "link"}

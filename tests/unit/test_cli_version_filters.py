"""`tidegate version sort|match|max`: filters over stdin."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Ended, tidegate

PROGRAM = str(Path(sys.executable).with_name("tidegate"))
TAGS = "1.10.0\nv1.2.0\n1.2.0\n1.2.0-rc.1\n1.9.0\n\n 2.0.0 \r\n"
MANY = 100_000


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Return a call of `tidegate version …` with a text, or bytes, on stdin."""

    def call(given: str | bytes, *arguments: str) -> Ended:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        return tidegate("version", *arguments)

    return call


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["sort"], 0, "1.2.0-rc.1 1.2.0 v1.2.0 1.9.0 1.10.0 2.0.0"),
        (["sort", "--reverse"], 0, "2.0.0 1.10.0 1.9.0 v1.2.0 1.2.0 1.2.0-rc.1"),
        (["match", "^1.2"], 0, "1.10.0 v1.2.0 1.2.0 1.9.0"),
        (["match", "^1.2-0"], 0, "1.10.0 v1.2.0 1.2.0 1.2.0-rc.1 1.9.0"),
        (["match", "<1.9", "--include-prerelease"], 0, "v1.2.0 1.2.0 1.2.0-rc.1"),
        (["match", ">=3"], 1, ""),
        (["max"], 0, "2.0.0"),
        (["max", "--range", "<1.5"], 0, "v1.2.0"),
        (["max", "--range", "<1.2.0"], 1, ""),
        (["max", "--range", "<1.2.0", "--include-prerelease"], 0, "1.2.0-rc.1"),
    ],
)
def test_filters(version: Callable[..., Ended], arguments: list[str], code: int, expected: str) -> None:
    ended = version(TAGS, *arguments)
    assert (ended.code, ended.out.split(), ended.err) == (code, expected.split(), "")
    backwards = "\n".join(TAGS.splitlines()[::-1])
    assert sorted(version(backwards, *arguments).out.split()) == sorted(expected.split())


@pytest.mark.parametrize("command", [["sort"], ["match", "1.x"], ["max"]])
def test_a_line_that_is_no_version_is_named(version: Callable[..., Ended], command: list[str]) -> None:
    given = "1.0.0\n\nlatest\nsha256-ab.sig\n1.2\n"
    ended = version(given, *command)
    assert (ended.code, ended.out) == (2, "")
    assert "'latest' is not a version" in ended.err
    assert "where: stdin:3" in ended.err
    assert version(given, *command, "--skip-invalid") == Ended(0, "1.0.0\n", "")


def test_bytes_that_are_no_text_are_no_version(version: Callable[..., Ended]) -> None:
    ended = version(b"1.0.0\n\xff1.0.0\x1b[2J\n", "sort")
    assert ended.code == 2
    assert "stdin:2" in ended.err
    assert "\x1b" not in ended.err
    assert version(b"1.0.0\n\xff\n", "sort", "--skip-invalid").out == "1.0.0\n"


def test_nothing_in_nothing_out(version: Callable[..., Ended]) -> None:
    assert version("", "sort") == Ended(0, "", "")
    assert version("", "match", "*") == Ended(1, "", "")
    assert version("\n", "max") == Ended(1, "", "")


def test_a_closed_stdin_is_an_empty_one() -> None:
    ended = subprocess.run(
        ["sh", "-c", f"{PROGRAM} version match 1.x <&-"], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


def test_a_range_that_is_none(version: Callable[..., Ended]) -> None:
    for arguments in (["match", "~>>1"], ["max", "--range", ""]):
        ended = version("1.0.0\n", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "model/constraint" in ended.err


def test_a_hundred_thousand_lines() -> None:
    given = "".join(f"1.{number % 60}.{number}-rc.{number}\n" for number in range(MANY))
    start = time.perf_counter()
    ended = subprocess.run([PROGRAM, "version", "sort"], input=given, capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 10  # 0.6 s on a quiet machine; quadratic would be minutes
    assert len(ended.stdout.splitlines()) == MANY


def test_a_reader_that_leaves_is_no_error() -> None:
    for arguments in (["sort"], ["match", "1.x"], ["max"]):
        reader, writer = os.pipe()
        os.close(reader)
        command = [PROGRAM, "version", *arguments]
        given = "1.0.0\n" * 10_000
        try:
            ended = subprocess.run(command, input=given, check=False, stdout=writer, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(writer)
        assert (ended.returncode, ended.stderr) == (1, ""), arguments

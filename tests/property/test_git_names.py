"""Names and messages: our rules against git's own, and inverses."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors.git import UnsafePath
from tidegate.git.message import compose, plain, subject_of, trailers_of
from tidegate.git.names import check_path, is_branch
from tidegate.git.tree_object import parse_tree

TRICKY = st.text(st.sampled_from("ab/.@{}~^:?*[\\ -_é\t"), min_size=1, max_size=8)


@cache
def git_takes(name: str) -> bool:
    command = ["git", "check-ref-format", f"refs/heads/{name}"]
    return subprocess.run(command, check=False).returncode == 0 and not name.startswith("-")


@settings(max_examples=150, deadline=None)
@given(TRICKY | st.sampled_from(["a.lock", "a.lock/b", "a..b", "@", "a@{b", "a/", "/a", "a//b", "a.", ".a", "a/.b"]))
def test_a_branch_that_we_take_git_takes_too(name: str) -> None:
    if is_branch(name):
        assert git_takes(name)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab/._1-"), min_size=1, max_size=8))
def test_plain_branches_that_git_takes_we_take(name: str) -> None:
    # Stricter than git on purpose: no part of a name may begin with a dash.
    assert is_branch(name) == (git_takes(name) and not name.startswith("-"))


@given(st.text(max_size=30))
def test_a_path_that_is_taken_stays_inside(path: str) -> None:
    try:
        check_path(path)
    except UnsafePath:
        return
    parts = path.split("/")
    assert path.isprintable()
    assert not {"", ".", "..", ".git"} & {part.lower() for part in parts}


NAMES = st.from_regex(r"[A-Z][a-z]{1,5}(-[A-Z][a-z]{1,5}){0,2}", fullmatch=True)
ANY_TEXT = st.text(st.characters(), max_size=40)


@given(ANY_TEXT, ANY_TEXT, st.dictionaries(NAMES, ANY_TEXT, min_size=1, max_size=4))
def test_trailers_are_read_back_whatever_is_around_them(subject: str, body: str, trailers: dict[str, str]) -> None:
    message = compose(subject, body, trailers)
    read = trailers_of(message)
    assert list(read) == list(trailers)
    assert "\n" not in subject_of(message)
    clean = {name: value for name, value in trailers.items() if value.isprintable() and value == value.strip()}
    assert {name: read[name] for name in clean} == clean


@pytest.mark.parametrize(
    "trailers",
    [
        {"Tidegate-Service": "inventory"},
        {"Tidegate-Service": "a: b", "Tidegate-Digest": "sha256:00", "X": "→ é # ; = %"},
        {"Tidegate-Service": "x\nTidegate-To: production", "Tidegate-Version": "1.0.0-rc1+meta"},
    ],
)
def test_git_reads_the_same_trailers(trailers: dict[str, str]) -> None:
    message = compose("Subject", "Body: with a colon\n\nTidegate-Service: forged", trailers)
    said = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message.encode(), capture_output=True, check=True
    ).stdout.decode()
    assert dict(line.split(": ", 1) for line in said.splitlines()) == trailers_of(message)


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        ("Only: a subject\n", {}),
        ("Subject\n\nA text.\nName: value\n", {}),
        ("Subject\n\nName: value\nOther: 2\n  goes on\n", {"Name": "value", "Other": "2 goes on"}),
        ("Subject\n\nName: one\nName: two\n", {"Name": "two"}),
        ("Subject\n\nName: value\n\nText that ends it.\n", {}),
        ("Subject\n\nhttps://example.com/x\n", {}),
        ("", {}),
    ],
)
def test_what_is_a_trailer(message: str, trailers: dict[str, str]) -> None:
    assert trailers_of(message) == trailers


def test_a_name_that_would_break_a_trailer_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="trailer"):
        compose("s", "", {"a\nb": "c"})


@given(st.text(st.characters(), max_size=60))
def test_plain_text_can_be_written(text: str) -> None:
    result = plain(text)
    assert "\0" not in result
    assert "\r" not in result
    assert plain(result.encode().decode()) == result


@given(
    st.lists(st.tuples(st.sampled_from(["40000", "100644", "120000"]), st.binary(min_size=1, max_size=9)), max_size=5)
)
def test_trees_are_read(raw: list[tuple[str, bytes]]) -> None:
    named = [(mode, name.replace(b"\0", b"x"), bytes(range(20))) for mode, name in raw]
    data = b"".join(mode.encode() + b" " + name + b"\0" + id_ for mode, name, id_ in named)
    read = [(entry.mode, entry.name.encode("utf-8", "surrogateescape"), entry.id) for entry in parse_tree(data)]
    assert read == [(mode, name, id_.hex()) for mode, name, id_ in named]

"""Edits of single values: what is written, and what is refused."""

from __future__ import annotations

import pytest

from tidegate.errors import Place
from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit import Edit, Path, apply

TAG: Path = ("tag",)


def edit(text: str, value: str, path: Path = TAG, document: int = 0) -> str:
    return apply(text.encode(), [Edit(path, value, document)], file="x.yaml").decode()


def refusal(text: str, value: str = "2.0", path: Path = TAG, document: int = 0) -> UnsafeEdit:
    with pytest.raises(UnsafeEdit) as caught:
        edit(text, value, path, document)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("tag: 1.0.0\n", "1.1.0", "tag: 1.1.0\n"),
        ("tag: 1.0.0 # note", "1.1.0", "tag: 1.1.0 # note"),
        ("tag: '1.0.0'\r\n", "it's", "tag: 'it''s'\r\n"),
        ('tag: "1.0.0"\n', 'a"b\\c', 'tag: "a\\"b\\\\c"\n'),
        ("tag: 'a'\n", "tab\tin", "tag: 'tab\tin'\n"),
        ("tag: 'a'\n", "line\nline", 'tag: "line\\nline"\n'),
        ("\ufefftag: 👍\n", "é", "\ufefftag: é\n"),
        ("tag:\n", "1.1.0", "tag: 1.1.0\n"),
        ("tag:   # note\nb: 1\n", "1.1.0", "tag: 1.1.0   # note\nb: 1\n"),
        ("{tag: , b: 1}\n", "1.1.0", "{tag: 1.1.0, b: 1}\n"),
        ("{tag: 1.0.0, b: [x]}\n", "a,b", '{tag: "a,b", b: [x]}\n'),
        ("tag: a,b\n", "a,b]", "tag: a,b]\n"),
        ("tag: !!int 110 # note\n", "111", 'tag: "111" # note\n'),
        ("tag: &t !!int 110\n", "1.1.0", "tag: &t 1.1.0\n"),
        ("tag: !!str 110\n", "111", "tag: !!str 111\n"),
        ("tag: !!str\n", "1.1.0", "tag: !!str 1.1.0\n"),
        ("tag: &t 1.0.0\n", "1.1.0", "tag: &t 1.1.0\n"),
        ("tag: one\n  two\nb: 1\n", "1.1.0", "tag: 1.1.0\nb: 1\n"),
        ("tag: |- # note\n    1.0.0\n\n# end\nb: 1\n", "1.1.0", "tag: |- # note\n    1.1.0\n\n# end\nb: 1\n"),
        ("tag: |\r\n  a\r\n", "a\nb\n", "tag: |\r\n  a\r\n  b\r\n"),
        ("tag: >-\n  a\n  b\n", "c", "tag: >-\n  c\n"),
        ("a: 1\u2028# é\ntag: 1.0.0", "1.1.0", "a: 1\u2028# é\ntag: 1.1.0"),
        ("a: &x 1\nb: &x 2\ntag: 1.0.0\nc: *x\n", "1.1.0", "a: &x 1\nb: &x 2\ntag: 1.1.0\nc: *x\n"),
        ("b: &b {tag: 1}\n<<: *b\ntag: 2.0.0\n", "2.1.0", "b: &b {tag: 1}\n<<: *b\ntag: 2.1.0\n"),
    ],
)
def test_only_the_value_changes(before: str, value: str, after: str) -> None:
    assert edit(before, value) == after


@pytest.mark.parametrize(
    "value",
    [
        "1.10",
        "110",
        "0123",
        "0o17",
        "0x1F",
        "1:30",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        "yes",
        "Off",
        "NULL",
        "~",
        "2024-01-02",
    ],
)
def test_what_would_not_read_as_a_string_is_quoted(value: str) -> None:
    assert edit("tag: 1.0.0\n", value) == f'tag: "{value}"\n'


@pytest.mark.parametrize("value", ["1.2.3", "1.1.3-rc1", "v1.10", "sha-0abc123", "host:5000/a/b:1.0", "a#b", "yes-man"])
def test_what_reads_as_a_string_stays_plain(value: str) -> None:
    assert edit("tag: 1.0.0\n", value) == f"tag: {value}\n"


def test_a_value_that_is_there_already_is_not_written_anew() -> None:
    text = 'tag: "\\x31.0.0"\nother: 110\n'
    assert edit(text, "1.0.0") == text
    assert edit(text, "110", ("other",)) == text.replace("110", '"110"')


def test_edits_name_a_document_and_list_items() -> None:
    text = "a: 1\n---\nlist:\n- x\n-\n- [y, {z: w}]\n"
    data = apply(text.encode(), [Edit(("list", 1), "new", 1), Edit(("list", 2, 1, "z"), "v", 1)])
    assert data.decode() == "a: 1\n---\nlist:\n- x\n- new\n- [y, {z: v}]\n"


@pytest.mark.parametrize(
    ("text", "path", "what", "line"),
    [
        ("tag: *t\n", TAG, "alias", 2),
        ("b: {tag: 1}\ntag: &t 1\nc: *t\n", TAG, "used elsewhere", 2),
        ("tag: &t {a: 1}\nc: *t\n", ("tag", "a"), "used elsewhere", 1),
        ("b: &b {tag: 1}\nc:\n  <<: *b\n", ("c", "tag"), "merge key", 3),
        ("tag: 1\ntag: 2\n", TAG, "2 times", 2),
        ("tag: {a: 1}\n", TAG, "mapping", 1),
        ("tag: [a]\n", TAG, "list", 1),
        ("tag: [a]\n", ("tag", 1), "1 item, the first is 0", 1),
        ("tag: [a]\n", ("tag", "x"), "numbered items", 1),
        ("tag: a\n", ("tag", "x"), "one value", 1),
        ("tga: a\n", TAG, "does not exist", 1),
        ("tag: |\n  a\n", TAG, "can't hold", 1),
        ("tag: |+\n  a\n\n", TAG, "unusual header", 1),
        ("tag: !vault abc\n", TAG, "!vault", 1),
        ("tag: !!int # note\n  110\n", TAG, "comment between", 1),
        ("? tag\n", TAG, "would not be YAML", None),
    ],
)
def test_what_can_not_be_done_without_guessing_is_refused(text: str, path: Path, what: str, line: int | None) -> None:
    if text == "tag: *t\n":
        text = "a: &t 1\n" + text
    error = refusal(text, path=path)
    assert what in error.what
    assert isinstance(error.where, Place)
    assert (error.where.file, error.where.line) == ("x.yaml", line)


def test_a_document_that_the_file_does_not_have_is_refused() -> None:
    assert "the file has 1" in refusal("tag: 1\n", document=1).what
    assert "the file has 0" in refusal("", document=0).what


def test_the_same_value_is_not_edited_twice() -> None:
    with pytest.raises(UnsafeEdit, match="twice"):
        apply(b"tag: 1\n", [Edit(TAG, "2"), Edit(TAG, "3")])


def test_a_value_that_is_not_unicode_is_refused() -> None:
    assert "Unicode" in refusal("tag: 1\n", "\udcff").what


def test_an_edit_with_another_effect_is_refused() -> None:
    assert "tag would not read" in refusal("{tag}\n").what

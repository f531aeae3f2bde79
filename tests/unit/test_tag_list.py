from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tidegate.cli.policy.tag_list import parse_tag_list, read_tag_list
from tidegate.errors.policy import TagsUnreadable


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("1.0.0\r\n\n  v1 \n", ("1.0.0", "v1")),
        ("", ()),
        ('["1.0.0", "1.0.1"]', ("1.0.0", "1.0.1")),
        (' {"name": "x", "tags": ["1.0.0"]}', ("1.0.0",)),
        ('{"Repository": "x", "Tags": []}', ()),
    ],
)
def test_tags_are_lines_or_json(text: str, tags: tuple[str, ...]) -> None:
    assert parse_tag_list(text, "-") == tags


@pytest.mark.parametrize("text", ["[1.0.0]", "[1]", "{}", '{"tags": null}', '{"tags": {"a": 1}}', '["a", null]'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(TagsUnreadable) as caught:
        parse_tag_list(text, "tags.json")
    assert str(caught.value.where) == "tags.json"


def test_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tags").write_bytes(b"\xef\xbb\xbf1.0.0\n")
    assert read_tag_list("tags", tmp_path) == ("1.0.0",)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"2.0.0\n")))
    assert read_tag_list("-", tmp_path) == ("2.0.0",)
    (tmp_path / "tags").write_bytes(b"\xff")
    for name in ("tags", "missing"):
        with pytest.raises(TagsUnreadable):
            read_tag_list(name, tmp_path)


def test_standard_input_may_be_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--tags - <&-`: Python has no stdin then."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(TagsUnreadable, match="stdin is closed"):
        read_tag_list("-", tmp_path)

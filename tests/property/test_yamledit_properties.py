"""Edits of generated files: one value changes, every other byte stays, and every reader reads the very string."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from support.yaml_documents import VALUES, GeneratedFile, Path, yaml_files
from tidegate.errors.manifest import InvalidYaml, UnsafeEdit
from tidegate.yamledit import Edit, Mapping, Node, Scalar, Sequence, Style, apply, dotted, parse, parse_path
from tidegate.yamledit.strings import plain_is_string

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            assert isinstance(key, Scalar)
            yield from scalars(value, (*path, key.text))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))


def say(data: bytes) -> dict[tuple[int, Path], str]:
    return {
        (number, path): scalar.text
        for number, root in enumerate(parse(data).documents)
        for path, scalar in scalars(root)
    }


@given(yaml_files())
@SLOW
def test_every_value_is_found_where_it_was_written(file: GeneratedFile) -> None:
    assert set(say(file.data)) == set(file.values)


@given(yaml_files(), VALUES, st.data())
@SLOW
def test_an_edit_changes_one_value_and_no_byte_outside_it(file: GeneratedFile, value: str, data: st.DataObject) -> None:
    document, path = data.draw(st.sampled_from(file.values))
    stream = parse(file.data)
    before = dict(scalars(stream.documents[document]))[path]
    try:
        edited = apply(file.data, [Edit(path, value, document)])
    except UnsafeEdit:
        assert before.style.is_block
        assert apply(file.data, []) == file.data
        return
    text = edited.decode("utf-8").removeprefix("\ufeff")
    assert edited.startswith(b"\xef\xbb\xbf") == file.data.startswith(b"\xef\xbb\xbf")
    assert text.startswith(stream.text[: before.start])
    assert text.endswith(stream.text[before.end :])
    assert say(edited) == say(file.data) | {(document, path): value}


@given(yaml_files(), VALUES, st.data())
@SLOW
def test_a_written_value_is_that_string_for_a_yaml_1_1_reader(
    file: GeneratedFile, value: str, data: st.DataObject
) -> None:
    document, path = data.draw(st.sampled_from(file.values))
    try:
        edited = apply(file.data, [Edit(path, value, document)])
    except UnsafeEdit:
        return
    node = list(yaml.compose_all(edited, yaml.CSafeLoader))[document]
    for part in path:
        node = find(node, part)
    assert yaml.constructor.SafeConstructor().construct_document(node) == value


def find(node: yaml.Node, part: str | int) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        return next(value for key, value in node.value if key.value == part)
    return node.value[part]


@given(yaml_files(), st.data())
@SLOW
def test_an_edit_and_its_inverse_leave_the_file_as_it_was(file: GeneratedFile, data: st.DataObject) -> None:
    document, path = data.draw(st.sampled_from(file.values))
    scalar = dict(scalars(parse(file.data).documents[document]))[path]
    source = file.data.decode().removeprefix("\ufeff")[scalar.start : scalar.end]
    assume(not scalar.tag and is_canonical(scalar, source))
    value = "2.0.0-rc.1"
    there = apply(file.data, [Edit(path, value, document)])
    assert apply(there, [Edit(path, scalar.text, document)]) == file.data


def is_canonical(scalar: Scalar, source: str) -> bool:
    """Whether the value is written as an edit would write it in this style."""
    if any(mark in source for mark in "\\\n\u2028"):
        return False
    plain = not scalar.anchor and scalar.text[:1] not in {"", "-"} and plain_is_string(scalar.text)
    return scalar.style is not Style.PLAIN or plain


@given(yaml_files(), VALUES, st.data())
@SLOW
def test_an_edit_made_twice_is_made_once(file: GeneratedFile, value: str, data: st.DataObject) -> None:
    document, path = data.draw(st.sampled_from(file.values))
    edit = Edit(path, value, document)
    try:
        once = apply(file.data, [edit])
    except UnsafeEdit:
        return
    assert apply(once, [edit]) == once


@given(yaml_files(), st.data())
@SLOW
def test_many_edits_at_once_are_the_edits_one_by_one(file: GeneratedFile, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(file.values), unique=True, max_size=4))
    edits = [Edit(path, f"value-{number}", document) for number, (document, path) in enumerate(chosen)]
    try:
        one_by_one = file.data
        for edit in edits:
            one_by_one = apply(one_by_one, [edit])
    except UnsafeEdit:
        with pytest.raises(UnsafeEdit):
            apply(file.data, edits)
        return
    assert apply(file.data, edits) == one_by_one


@given(st.binary(max_size=60) | st.text(alphabet="ab:-?&*!|>'\"%@`{}[], #\n\t~<", max_size=40).map(str.encode))
@settings(max_examples=1000, deadline=None)
def test_any_bytes_are_read_or_refused_as_not_yaml(data: bytes) -> None:
    with suppress(InvalidYaml):
        parse(data, file="x.yaml")


@given(st.text(alphabet="0123456789abcdefxo_+-.:eEtTzZ yYnN~=<", max_size=8))
@settings(max_examples=2000, deadline=None)
def test_plain_text_called_a_string_is_one_for_pyyaml(text: str) -> None:
    if plain_is_string(text):
        tag = yaml.SafeLoader.resolve(yaml.SafeLoader(""), yaml.ScalarNode, text, (True, False))
        assert tag == "tag:yaml.org,2002:str"


@given(st.lists(st.integers(0, 20) | st.text("a.[]\\-/ é", min_size=1, max_size=5), min_size=1, max_size=4).map(tuple))
def test_a_path_is_read_as_it_is_written(path: Path) -> None:
    assert parse_path(dotted(path)) == path

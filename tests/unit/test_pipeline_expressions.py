"""`rules:if` decided from what a file tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.engine.pipeline_check.expression import Given, Value, decide

KNOWN: dict[str, Value] = {
    "SOURCE": "merge_request_event",
    "EMPTY": "",
    "GONE": None,
    "SET": Given.SOMETHING,
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('$SOURCE == "merge_request_event"', True),
        ("$SOURCE == 'push'", False),
        ('$SOURCE != "push"', True),
        ("${SOURCE} == $SOURCE", True),
        ("$SOURCE", True),
        ("$EMPTY", False),
        ("$GONE", False),
        ("$GONE == null", True),
        ("$EMPTY == null", False),
        ('$GONE == ""', False),
        ("$SET", True),
        ("$SET == null", False),
        ('$SET != ""', True),
        ('$SET == "1"', None),
        ("$OTHER", None),
        ('$OTHER == "x"', None),
        ("$SOURCE =~ /^merge_/", True),
        ("$SOURCE =~ /^MERGE_/", False),
        ("$SOURCE =~ /^MERGE_/i", True),
        ("$SOURCE !~ /push|web/", True),
        ("$GONE =~ /x/", False),
        ("$SOURCE =~ /(/", None),
        ("$SOURCE =~ $OTHER", None),
        ("$OTHER && $GONE", False),
        ("$OTHER && $SOURCE", None),
        ("$OTHER || $SOURCE", True),
        ("$OTHER || $GONE", None),
        ('$GONE && $GONE || $SOURCE == "merge_request_event"', True),
        ("$GONE && ($GONE || $SOURCE)", False),
        ("($SOURCE)", True),
        ("($SOURCE", None),
        ("$SOURCE ==", None),
        ("$SOURCE $SOURCE", None),
        ("", None),
        ("no expression at all", None),
        ("(" * 200 + "$SOURCE" + ")" * 200, None),
    ],
)
def test_an_expression_is_decided_as_far_as_it_can_be(text: str, *, answer: bool | None) -> None:
    assert decide(text, KNOWN) is answer


@given(st.text(alphabet="$ABC()&|=!~/\"' null", max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    assert decide(text, KNOWN) in {True, False, None}

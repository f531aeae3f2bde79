from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from support.policy_documents import document, spellings
from tidegate.errors.manifest import InvalidHold, UnsafeEdit
from tidegate.flux import image_policies
from tidegate.flux.holds import ANNOTATION, Hold, read_hold, with_hold, without_hold

HOLD = Hold("1.0.3", "alice", datetime(2024, 5, 1, 12, 0, tzinfo=UTC), "1.0.4 loses orders", date(2024, 6, 1))
PLAIN = document("plain", spellings("1.0.x")["plain"])


def held(data: bytes, hold: Hold = HOLD) -> bytes:
    return with_hold(data, image_policies(data)[0], hold)


def resumed(data: bytes) -> bytes:
    return without_hold(data, image_policies(data)[0])


def test_a_hold_adds_one_annotation_and_writes_the_version() -> None:
    note = (
        '{"version": "1.0.3", "written": "1.0.x", "by": "alice", "since": "2024-05-01T12:00:00+00:00", '
        '"reason": "1.0.4 loses orders", "until": "2024-06-01", "annotations": "added"}'
    )
    assert held(PLAIN).decode().splitlines() == [
        "apiVersion: image.toolkit.fluxcd.io/v1",
        "kind: ImagePolicy",
        "metadata:",
        "  name: inventory",
        "  namespace: flux-system",
        "  annotations:",
        f"    tidegate.dev/hold: '{note}'",
        "spec:",
        "  imageRepositoryRef: {name: inventory}",
        "  policy:",
        "    semver:",
        "      range:  1.0.3",
    ]


@pytest.mark.parametrize(
    ("version", "written"), [("1.0.3", b"  1.0.3\n"), ("v1.0.3", b"  v1.0.3\n"), ("1.0.3-rc.1", b"  1.0.3-rc.1\n")]
)
def test_a_plain_range_stays_plain(version: str, written: bytes) -> None:
    assert held(PLAIN, Hold(version, "alice", HOLD.since, "")).endswith(written)


def test_quotes_stay_the_quotes_that_they_are() -> None:
    for style, mark in (("double", b'"'), ("single", b"'")):
        data = document("plain", spellings("1.0.x")[style])
        assert b"range: %b1.0.3%b" % (mark, mark) in held(data)


def test_what_people_write_during_a_hold_stays() -> None:
    added = b"    tier: web # new\n"
    during = held(PLAIN).replace(b"spec:\n", added + b"spec:\n")
    assert resumed(during) == PLAIN.replace(b"spec:\n", b"  annotations:\n" + added + b"spec:\n")
    annotated = document("annotated", spellings("1.0.x")["plain"])
    before = held(annotated).replace(b"  annotations:\n", b"  annotations:\n" + added)
    assert resumed(before) == annotated.replace(b"  annotations:\n", b"  annotations:\n" + added)
    brackets = document("spaced empty brackets", spellings("1.0.x")["plain"])
    more = held(brackets).replace(b" }, name", b", tier: web }, name")
    assert resumed(more) == brackets.replace(b"{ }", b"{tier: web }")


def test_only_the_policy_that_is_meant_is_held() -> None:
    data = PLAIN + b"---\n" + document("annotated", spellings("1.0.x")["double"])
    first, second = image_policies(data)
    after = with_hold(data, second, HOLD)
    assert after.startswith(PLAIN)
    assert read_hold(after, first) is None
    assert read_hold(after, image_policies(after)[1]) is not None
    assert without_hold(after, second) == data


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.replace(b"range:  1.0.x", b"range:"),
        PLAIN.replace(b"semver:\n      range:  1.0.x", b"numerical: {order: asc}"),
        PLAIN.replace(b"metadata:\n", b"metadata:\n  annotations: none\n"),
        PLAIN.replace(b"metadata:\n", b"metadata:\n  annotations: !!null null\n"),
        PLAIN.replace(b"metadata:\n", b"metadata:\n  annotations: [a]\n"),
        PLAIN.replace(b"metadata:\n", b"metadata:\n  labels: &l {a: b}\n  annotations: *l\n"),
        PLAIN.replace(b"metadata:\n", b"metadata:\n  <<: {annotations: {a: b}}\n"),
        PLAIN.replace(b"  namespace: flux-system", b"  ? namespace\n  : flux-system"),
        PLAIN.replace(b"range:  1.0.x", b"range: &r 1.0.x\n  other: *r"),
    ],
)
def test_what_can_not_be_restored_is_not_held(data: bytes) -> None:
    with pytest.raises(UnsafeEdit):
        held(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"version"', '{"verzion"'),
        ('"2024-06-01"', '"some day"'),
        ('"alice"', "7"),
        ("T12:00:00+00:00", ""),
        ('"written": "1.0.x"', f'"written": "{"[" * 200}"'),
        ('{"version": "1.0.3"', '{"version": "one"'),
        ("{", "["),
        ('"written": "1.0.x"', '"written": "[1.0.x"'),
        ('"written": "1.0.x"', '"written": "1.0.x\\n- 1.0.y"'),
    ],
)
def test_a_damaged_annotation_is_told(old: str, new: str) -> None:
    data = held(PLAIN).replace(old.encode(), new.encode(), 1)
    for act in (lambda: read_hold(data, image_policies(data)[0], file="p.yaml"), lambda: resumed(data)):
        with pytest.raises(InvalidHold, match="damaged"):
            act()


def test_a_range_that_somebody_changed_is_not_overwritten() -> None:
    data = held(PLAIN).replace(b"range:  1.0.3", b"range:  1.0.4")
    with pytest.raises(InvalidHold, match="somebody changed it"):
        read_hold(data, image_policies(data)[0])
    with pytest.raises(UnsafeEdit, match="range"):
        resumed(data)


def test_a_written_text_that_would_change_more_than_the_range_is_refused() -> None:
    data = held(PLAIN).replace(b'"written": "1.0.x"', b'"written": "1.0.x\\n    numerical: {}"')
    with pytest.raises((InvalidHold, UnsafeEdit)):
        resumed(data)


def test_no_annotation_is_no_hold() -> None:
    assert read_hold(PLAIN, image_policies(PLAIN)[0]) is None
    commented = PLAIN + f"# {ANNOTATION}\n".encode()
    assert read_hold(commented, image_policies(commented)[0]) is None
    with pytest.raises(UnsafeEdit):
        resumed(PLAIN)


def test_a_hold_tells_itself() -> None:
    assert str(HOLD) == "held at 1.0.3 by alice since 2024-05-01 until 2024-06-01: 1.0.4 loses orders"
    assert Hold("1.0.3", "bo", HOLD.since, "x", until_promoted=True).end == "until it is promoted"
    assert Hold("1.0.3", "bo", HOLD.since, "x").end == "until it is resumed"


def test_an_annotation_that_came_beside_the_hold_stays_where_null_stood() -> None:
    data = PLAIN.replace(b"metadata:\n", b"metadata:\n  annotations: ~\n")
    assert b"  annotations: {tidegate.dev/hold: '" in held(data)
    assert resumed(held(data)) == data
    assert resumed(held(data).replace(b"}'}\n", b"}', team: shop}\n")) == data.replace(b"~", b"{team: shop}")

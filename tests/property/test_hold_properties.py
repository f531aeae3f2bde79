"""A lane that is released, held and resumed; over generated documents."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from support.policy_documents import METADATA, document, policy_documents, spellings
from tidegate.errors.manifest import InvalidHold, RangeNotMovable, UnsafeEdit
from tidegate.flux import image_policies, move_range, select_tag, set_policy_range
from tidegate.flux.holds import ANNOTATION, Hold, read_hold, with_hold, without_hold

AT = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)

reasons = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)
holds = st.builds(
    Hold,
    version=st.sampled_from(["1.0.3", "v1.0.3", "1.0.4-rc.1", "1.1.0"]),
    by=st.sampled_from(["alice", "o'neil", "b.c@d"]),
    since=st.just(AT),
    reason=reasons,
    until=st.sampled_from([None, date(2024, 6, 1)]),
)


@given(policy_documents(), holds)
def test_resume_gives_the_very_bytes_back(written: tuple[str, bytes], hold: Hold) -> None:
    text, data = written
    (policy,) = image_policies(data)
    held = with_hold(data, policy, hold)
    (after,) = image_policies(held)
    assert after.range == hold.version
    found = read_hold(held, after)
    assert found is not None
    assert (found.hold, found.range) == (hold, text)
    assert without_hold(held, after) == data


@given(policy_documents(), st.sampled_from([(1, 1), (2, 0)]), holds)
def test_release_then_hold_then_resume(written: tuple[str, bytes], line: tuple[int, int], hold: Hold) -> None:
    text, data = written
    (policy,) = image_policies(data)
    released = set_policy_range(data, policy, move_range(text, line))
    (policy,) = image_policies(released)
    held = with_hold(released, policy, hold)
    assert without_hold(held, image_policies(held)[0]) == released


numbers = st.integers(0, 30)
lines = st.tuples(numbers, numbers)
styles = st.sampled_from(
    [
        "{a}.{b}.x",
        "v{a}.{b}.*",
        "{a}.{b}.X-0",
        "~{a}.{b}",
        "~> {a}.{b}.0",
        "^{a}.{b}",
        "^{a}.{b}.0-0",
        ">={a}.{b}.0 <{a}.{c}.0",
        ">={a}.{b}.0-0, <{a}.{c}.0-0",
        "<{a}.{c} >=v{a}.{b}",
        "{a}.{b}.0 - {a}.{b}.x",
        ">={a}.{b}.0 <{d}.0.0",
        ">={a}.{b}.0",
    ]
)


@given(styles, lines, lines, st.sets(st.integers(0, 20)))
def test_a_range_that_release_writes_has_the_new_line_s_first_version_and_none_of_the_old(
    style: str, old: tuple[int, int], new: tuple[int, int], patches: set[int]
) -> None:
    assume(new > old)
    text = style.format(a=old[0], b=old[1], c=old[1] + 1, d=old[0] + 1)
    data = document("plain", spellings(text)["double"])
    try:
        moved = move_range(text, new)
    except RangeNotMovable:
        assume(False)  # noqa: FBT003 - hypothesis: no range was written
    (policy,) = image_policies(set_policy_range(data, image_policies(data)[0], moved))
    tags = [f"{old[0]}.{old[1]}.{patch}" for patch in patches]
    tags += [f"{old[0]}.{old[1]}.0-rc.1", f"{old[0]}.{old[1]}.7-0"]
    first = f"{new[0]}.{new[1]}.0"
    assert select_tag(policy.spec, tags).tag is None
    assert select_tag(policy.spec, [*tags, first]).tag == first


NOTE = {
    "version": "1.0.3",
    "written": "1.0.x",
    "by": "alice",
    "since": "2024-05-01T12:00:00+00:00",
    "reason": "x",
    "until": "2024-06-01",
    "annotations": "added",
}
texts = st.sampled_from(
    ["", "~", "promoted", "1.0.3", "[" * 200, "*a", "1.0.x\n- b", "{a: b}", "2024-05-01", "---", "\ud800"]
)


@given(
    st.dictionaries(st.sampled_from(sorted(NOTE)), texts | st.text(max_size=5) | st.none() | st.integers(), max_size=3)
)
def test_an_annotation_that_somebody_wrote_is_a_hold_or_is_refused(changes: dict[str, object]) -> None:
    note = json.dumps({**NOTE, **changes}).replace("'", "''")
    data = document("plain", spellings("1.0.3")["plain"])
    data = data.replace(b"spec:", f"  annotations:\n    {ANNOTATION}: '{note}'\nspec:".encode())
    (policy,) = image_policies(data)
    with contextlib.suppress(InvalidHold):
        found = read_hold(data, policy)
        assert found is not None
        assert found.hold.since.tzinfo is not None
    with contextlib.suppress(InvalidHold, UnsafeEdit):
        assert image_policies(without_hold(data, policy))[0].name == policy.name


def test_every_way_to_write_metadata_is_tried() -> None:
    for metadata in METADATA:
        assert image_policies(document(metadata, spellings("1.0.x")["plain"]))[0].range == "1.0.x"

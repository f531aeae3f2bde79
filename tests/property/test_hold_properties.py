"""A lane that is released, held and resumed; over generated documents."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from support.policy_documents import METADATA, RANGES, document, policy_documents, spellings
from tidegate.flux import image_policies, move_range, select_tag, set_policy_range
from tidegate.flux.holds import Hold, read_hold, with_hold, without_hold

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


@given(st.sampled_from(RANGES), st.tuples(st.integers(0, 30), st.integers(0, 30)), st.sets(st.integers(0, 20)))
def test_a_moved_range_selects_the_new_line_s_first_version_and_none_of_the_old(
    text: str, line: tuple[int, int], patches: set[int]
) -> None:
    assume(line > (1, 0))
    (policy,) = image_policies(document("plain", spellings(text)["double"]))
    data = set_policy_range(document("plain", spellings(text)["double"]), policy, move_range(text, line))
    (moved,) = image_policies(data)
    old = [f"1.0.{patch}" for patch in patches] + ["1.0.0-rc.1", "1.0.7-0"]
    first = f"{line[0]}.{line[1]}.0"
    assert select_tag(moved.spec, old).tag is None
    assert select_tag(moved.spec, [*old, first]).tag == first


def test_every_way_to_write_metadata_is_tried() -> None:
    for metadata in METADATA:
        assert image_policies(document(metadata, spellings("1.0.x")["plain"]))[0].range == "1.0.x"

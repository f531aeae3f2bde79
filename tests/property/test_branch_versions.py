"""Any branch has versions that semver and registries take."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.engine.versions.branch_versions import BranchPattern, branch_label
from tidegate.errors.model import InvalidPattern, InvalidVersion
from tidegate.model import Version
from tidegate.model.image import is_tag

BOUNDED = settings(max_examples=300, deadline=None)
SHAPES = st.sampled_from(["{branch}.{n}", "{n}", "{branch}-{n}", "build.{n}.{branch}", "0.{branch}.{n}", "{n}.x"])
RELEASES = st.builds(Version, *[st.integers(0, 10**9)] * 3)
BRANCHES = st.one_of(
    st.text(),
    st.text(st.sampled_from("0123456789/-._")),
    st.text(st.sampled_from("aZ0-/_.é😀"), max_size=200),
    st.text(st.characters(), min_size=100, max_size=300),
)


@BOUNDED
@given(SHAPES, RELEASES, BRANCHES, st.integers(0, 12))
def test_any_branch_has_versions_in_a_row(shape: str, release: Version, branch: str, count: int) -> None:
    pattern = BranchPattern(shape)
    versions: list[Version] = []
    for _ in range(count + 1):
        versions.append(pattern.next(release, branch, versions))
    last = str(versions[-1])
    assert Version.parse_strict(last) < release
    assert is_tag(last)
    assert len(set(versions)) == count + 1
    if "-{n}" not in shape:  # -10 sorts below -9, as letters do
        assert sorted(versions) == versions
    texts = [re.sub(r"[0-9]+", "#", str(each)) for each in versions]
    assert len(set(texts)) == 1, "they differ in the number alone"
    assert str(versions[-1]) == str(pattern.next(release, branch, versions[:-1]))


@BOUNDED
@given(BRANCHES)
@example("0" * 40)
def test_a_label_is_an_identifier_and_never_a_number(branch: str) -> None:
    label = branch_label(branch)
    assert re.fullmatch(r"[0-9a-z-]{1,40}", label)
    assert not label.isdigit()
    assert branch_label(label) == label


@BOUNDED
@given(BRANCHES, BRANCHES)
def test_branches_with_one_label_differ_in_case_and_separators_only(one: str, other: str) -> None:
    if branch_label(one) == branch_label(other) and one.isascii():
        plain = [re.sub(r"[^0-9a-z]", "", branch.lower()) for branch in (one, other)]
        assert plain[0] == plain[1] or {f"b{plain[0]}", f"b{plain[1]}"} & set(plain)


@BOUNDED
@given(st.text(st.sampled_from("{}branchn.-01aé "), max_size=30))
def test_any_text_is_a_pattern_or_an_invalid_one(text: str) -> None:
    try:
        pattern = BranchPattern(text)
    except InvalidPattern:
        return
    assert Version.parse_strict(str(pattern.next(Version(1, 0, 0), "007", []))) < Version(1, 0, 0)


@pytest.mark.parametrize(
    ("branch", "label"),
    [
        ("feature-x", "feature-x"),
        ("feature/x", "feature-x"),
        ("Feature/JIRA-12_a.b", "feature-jira-12-a-b"),
        ("007", "b007"),
        ("-x-", "x"),
        ("", "branch-HASH"),
        ("😀", "branch-HASH"),
        ("é-x", "x-HASH"),
        ("a" * 40, "a" * 40),
        ("a" * 41, f"{'a' * 31}-HASH"),
    ],
)
def test_labels(branch: str, label: str) -> None:
    assert branch_label(branch) == label.replace("HASH", sha256(branch.encode()).hexdigest()[:8])


def test_the_number_follows_the_highest_of_the_same_release_and_branch() -> None:
    pattern = BranchPattern("{branch}.{n}")
    existing = ["1.1.4-feature-x.1", "1.1.4-feature-x.9", "1.1.4-feature-x.10", "1.1.4-other.70", "1.1.3-feature-x.99"]
    existing += ["1.1.4-feature-x.011x", "1.1.4-feature-x", "1.1.4", "1.1.4-a.feature-x.88"]
    versions = [Version.parse(text) for text in existing]
    assert str(pattern.next(Version(1, 1, 4), "feature/x", versions)) == "1.1.4-feature-x.11"
    assert str(pattern.next(Version(1, 1, 5), "feature/x", versions)) == "1.1.5-feature-x.1"


@pytest.mark.parametrize(
    "text",
    [
        *("", "{branch}", "{n}{n}", "{branch}{n}", "{n}{branch}", "rc0{n}", "{n}0", "{x}.{n}", "a..{n}", ".{n}"),
        *("00.{n}", "{n}.", "a_{n}", "é.{n}", f"{'a' * 21}.{{n}}", "{branch}.{branch}.{n}", "\n{n}"),
    ],
)
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(InvalidPattern, match="pre-releases"):
        BranchPattern(text)


def test_a_version_that_is_too_long_for_a_tag_is_refused() -> None:
    huge, pattern = Version(2**64 - 1, 2**64 - 1, 2**64 - 1), BranchPattern(f"{{branch}}.{'a' * 18}.{{n}}")
    first = pattern.next(huge, "a" * 300, [])
    assert is_tag(str(first))
    with pytest.raises(InvalidVersion, match="longer"):
        pattern.next(huge, "a" * 300, [Version.parse(f"{first}99999")])

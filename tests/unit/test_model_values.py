"""Digest, tag and path patterns, verdicts: the small values of the model."""

import hashlib

import pytest

from tidegate.errors.model import InvalidDigest, InvalidPattern
from tidegate.model import Answer, CandidateTag, Digest, PathPattern, Reason, TagPattern, Verdict, Version


def test_a_digest_is_that_of_the_bytes() -> None:
    digest = Digest.of(b"tide")
    assert str(digest) == f"sha256:{hashlib.sha256(b'tide').hexdigest()}"
    assert Digest.parse(str(digest)) == digest
    assert digest.short == digest.hex[:12]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab" * 32,
        f"sha256:{'ab' * 31}",
        f"sha256:{'AB' * 32}",
        f"sha256:{'ab' * 32}\n",
        f"sha512:{'ab' * 32}",
        f"md5:{'ab' * 16}",
        f"sha256:{'ab' * 1000}",
    ],
)
def test_what_no_registry_would_take_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


@pytest.mark.parametrize("length", [("sha384", 48), ("sha512", 64)])
def test_longer_digests_are_read(length: tuple[str, int]) -> None:
    text = f"{length[0]}:{'0f' * length[1]}"
    assert str(Digest.parse(text)) == text


@pytest.mark.parametrize(
    ("pattern", "tag", "version", "number"),
    [
        ("{version}", "1.1.3", "1.1.3", None),
        ("{version}", "1.1.3-rc1", "1.1.3-rc1", None),
        ("{version}-rc{n}", "1.1.3-rc10", "1.1.3", 10),
        ("{version}-rc{n}", "1.1.3-rc1-rc2", "1.1.3-rc1", 2),
        ("{version}-rc.{n}", "1.1.3-rc.2", "1.1.3", 2),
        ("app-{version}_{n}", "app-1.1.3_4", "1.1.3", 4),
    ],
)
def test_a_tag_is_read_by_its_pattern(pattern: str, tag: str, version: str, number: int | None) -> None:
    assert TagPattern(pattern).read(tag) == CandidateTag(Version.parse(version), number)


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("{version}", "latest"),
        ("{version}", "1.1"),
        ("{version}", ""),
        ("{version}-rc{n}", "1.1.3"),
        ("{version}-rc{n}", "1.1.3-rc"),
        ("{version}-rc{n}", "1.1.3-rc01"),
        ("{version}-rc{n}", "1.1.3-rc1\n"),
        ("{version}-rc{n}", "1.1.3-rc\u0661"),
        ("{version}-rc.{n}", "1.1.3-rcx1"),
    ],
)
def test_a_tag_of_another_pattern_is_not_read(pattern: str, tag: str) -> None:
    assert TagPattern(pattern).read(tag) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.0.0",
        "{n}",
        "{version}{n}",
        "{version}-{version}",
        "{version}-{n}-{n}",
        "{version}-{number}",
        "{version}-rc{n",
        "{version}+{n}",
        "{version} {n}",
        "{version}5{n}",
        "{n}0{version}",
    ],
)
def test_a_tag_pattern_that_could_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        TagPattern(text)


@pytest.mark.parametrize(
    ("pattern", "file", "service"),
    [
        ("apps/{service}", "apps/inventory/release.yaml", "inventory"),
        ("apps/{service}", "apps/inventory/more/release.yaml", "inventory"),
        ("apps/{service}/prod", "apps/inventory/prod/release.yaml", "inventory"),
        ("apps/{service}-x", "apps/a-x-x/release.yaml", "a-x"),
        ("{service}/{service}-prod", "shop/shop-prod/release.yaml", "shop"),
        ("{service}/{service}-prod", "shop/till-prod/release.yaml", None),
        ("apps/{service}", "apps/release.yaml", None),
        ("apps/{service}", "app/inventory/release.yaml", None),
        ("apps/{service}", "apps/Inventory/release.yaml", None),
        ("apps/{service}/prod", "apps/inventory/production/release.yaml", None),
        ("apps/all", "apps/all/release.yaml", ""),
        ("apps/all", "apps/other/release.yaml", None),
    ],
)
def test_a_file_tells_its_service(pattern: str, file: str, service: str | None) -> None:
    assert PathPattern(pattern).read(file) == service


@pytest.mark.parametrize(
    "text", ["", "/apps/{service}", "apps//x", "apps/../x", "./apps", "apps/", "apps\\x", "a\x00b", "apps/{name}"]
)
def test_a_path_that_leaves_the_repository_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        PathPattern(text)


def test_the_strictest_reason_is_the_verdict() -> None:
    go, wait, no = (Reason(answer.value, answer, "") for answer in (Answer.GO, Answer.WAIT, Answer.NO))
    assert Verdict.of(()).answer is Answer.GO
    assert Verdict.of([go, go]).answer is Answer.GO
    assert Verdict.of([go, wait]).answer is Answer.WAIT
    assert Verdict.of([wait, go, no]).answer is Answer.NO


def test_obstacles_are_told_strictest_first_and_else_in_reading_order() -> None:
    reasons = [
        Reason("a", Answer.WAIT, ""),
        Reason("b", Answer.GO, ""),
        Reason("c", Answer.NO, ""),
        Reason("d", Answer.WAIT, ""),
        Reason("e", Answer.NO, ""),
    ]
    verdict = Verdict.of(reasons)
    assert [reason.gate for reason in verdict.obstacles] == ["c", "e", "a", "d"]
    assert list(verdict.reasons) == reasons

"""Looking up and claiming the next version, over tags in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tidegate.engine.versions.branch_versions import BranchPattern
from tidegate.engine.versions.claims import VersionRequest, claim_next, find_next
from tidegate.engine.versions.next_version import Bump
from tidegate.engine.versions.version_tags import TagStyle
from tidegate.errors.git import LeaseLost
from tidegate.errors.release import LineUnknown, VersionOriginUnknown, VersionTaken
from tidegate.model import Version
from tidegate.ports import HistoryCommit
from tidegate.testing.tags import FakeVersionTags

COMMIT = "a" * 40
STYLE = TagStyle("v{version}")
PLAIN = VersionRequest(STYLE)
AUTO = VersionRequest(STYLE, bump=None)


def asked(**more: object) -> VersionRequest:
    return VersionRequest(STYLE, **more)  # type: ignore[arg-type] # spelt out by each test


def released(*texts: str) -> frozenset[Version]:
    return frozenset(map(Version.parse, texts))


def history(*messages: str, start: str = "chore: begin") -> FakeVersionTags:
    """Return a repository of one line of commits with these messages, each changing the file `app/main.py`."""
    ids = [f"{number:040x}" for number in range(len(messages) + 1)]
    parents = [(), *((id_,) for id_ in ids)]
    rows = zip(ids, parents, (start, *messages), strict=False)
    return FakeVersionTags(*(HistoryCommit(id_, up, text, ("app/main.py",)) for id_, up, text in rows))


def test_versions_are_claimed_one_after_the_other() -> None:
    tags = FakeVersionTags(COMMIT)
    first, second = claim_next(tags, PLAIN), claim_next(tags, PLAIN)
    assert (first.tag, first.previous, first.commit, first.bump) == ("v1.0.0", None, COMMIT, Bump.PATCH)
    assert (second.tag, second.previous) == ("v1.0.1", Version(1, 0, 0))
    assert tags.claim("v1.1.x", COMMIT, "Open the line 1.1")
    assert claim_next(tags, PLAIN).tag == "v1.1.0"
    assert claim_next(tags, asked(line=(1, 0))).tag == "v1.0.2"
    assert claim_next(tags, asked(line=(1, 0))).previous == Version(1, 0, 2)
    assert claim_next(tags, asked(released=released("1.1.7"))).tag == "v1.1.8"
    assert tags.messages["v1.1.0"] == "Version 1.1.0"
    with pytest.raises(LineUnknown):
        claim_next(tags, asked(line=(7, 7)))


def test_looking_up_writes_nothing() -> None:
    tags = FakeVersionTags(COMMIT)
    assert [find_next(tags, PLAIN).tag for _ in range(2)] == ["v1.0.0", "v1.0.0"]
    assert tags.all() == {}


def test_the_registry_alone_needs_no_repository() -> None:
    found = find_next(None, asked(released=released("1.0.4", "1.0.5-x.1"), reads_tags=False))
    assert (str(found.version), found.commit, found.previous) == ("1.0.5", None, Version(1, 0, 4))


def test_the_registry_alone_still_claims_by_a_tag_and_steps_over_those_that_are_taken() -> None:
    tags = FakeVersionTags(COMMIT)
    for tag in ("v1.0.5", "v1.0.6", "v9.0.0"):
        tags.claim(tag, COMMIT, "m")
    assert claim_next(tags, asked(released=released("1.0.4"), reads_tags=False)).tag == "v1.0.7"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], "1.0.1"),
        (["fix: a", "whatever"], "1.0.1"),
        (["feat: a", "fix: b"], "1.1.0"),
        (["feat: a", "fix!: b"], "2.0.0"),
    ],
)
def test_the_commits_since_the_last_version_tell_what_is_raised(messages: Iterable[str], expected: str) -> None:
    tags = history(*messages, start="feat!: what the last version has already")
    tags.claim("v1.0.0", f"{0:040x}", "m")
    assert str(claim_next(tags, AUTO).version) == expected


def test_a_first_version_and_a_given_line_need_no_history() -> None:
    tags = history("feat: a")
    assert claim_next(tags, AUTO).tag == "v1.0.0"
    tags = history("feat: a", "feat: b")
    tags.claim("v1.0.0", f"{0:040x}", "m")
    found = claim_next(tags, asked(bump=None, line=(1, 0)))
    assert (found.tag, found.bump) == ("v1.0.1", Bump.PATCH)


def test_only_commits_of_the_services_paths_count() -> None:
    tags = history("feat: a")
    tags.claim("v1.0.0", f"{0:040x}", "m")
    assert find_next(tags, asked(bump=None, paths=("app",))).tag == "v1.1.0"
    assert find_next(tags, asked(bump=None, paths=("ap", "lib"))).tag == "v1.0.1"


def test_after_a_lost_race_the_commits_are_looked_at_anew() -> None:
    class Overtaken(FakeVersionTags):
        """Just before the first claim, another pipeline claims the same version at the same commit."""

        def claim(self, tag: str, commit: str, message: str) -> bool:
            super().claim("v1.1.0", commit, "another pipeline")
            return super().claim(tag, commit, message)

    tags = Overtaken(*history("feat: a")._commits.values())
    FakeVersionTags.claim(tags, "v1.0.0", f"{0:040x}", "m")
    found = claim_next(tags, AUTO)
    assert (found.tag, found.bump) == ("v1.1.1", Bump.PATCH), "the feature is in 1.1.0 already"


def test_a_version_without_a_tag_tells_no_commits() -> None:
    tags = history("feat: a")
    tags.claim("v1.0.0", f"{0:040x}", "m")
    with pytest.raises(VersionOriginUnknown) as caught:
        find_next(tags, asked(bump=None, released=released("1.0.3")))
    assert "v1.0.3" in (caught.value.hint or "")
    with pytest.raises(VersionOriginUnknown):
        find_next(None, asked(bump=None, released=released("1.0.3"), reads_tags=False))
    assert find_next(tags, asked(bump=None, released=released("0.9.0"))).tag == "v1.1.0"


def test_a_branch_counts_its_own_builds_of_the_next_version() -> None:
    tags = FakeVersionTags(COMMIT)
    build = asked(pattern=BranchPattern("{branch}.{n}"), branch="feature/x")
    assert claim_next(tags, build).tag == "v1.0.0-feature-x.1"
    claim_next(tags, PLAIN)
    assert [claim_next(tags, build).tag for _ in range(2)] == ["v1.0.1-feature-x.1", "v1.0.1-feature-x.2"]
    assert claim_next(tags, asked(pattern=BranchPattern("{branch}.{n}"), branch="y")).tag == "v1.0.1-y.1"
    assert claim_next(tags, PLAIN).tag == "v1.0.1", "builds of branches take no version away"


@pytest.mark.parametrize("wish", [PLAIN, asked(pattern=BranchPattern("{branch}.{n}"), branch="x")], ids=["v", "pre"])
def test_twenty_callers_at_once_get_twenty_consecutive_versions(wish: VersionRequest) -> None:
    tags = FakeVersionTags(COMMIT)
    with ThreadPoolExecutor(20) as pool:
        claimed = sorted(pool.map(lambda _: claim_next(tags, wish).version, range(20)))
    expected = [f"1.0.0-x.{n}" if wish.pattern else f"1.0.{n - 1}" for n in range(1, 21)]
    assert list(map(str, claimed)) == expected
    assert len(tags.all()) == 20


class StaleTags(FakeVersionTags):
    """A remote whose list of tags never shows what has been claimed."""

    def all(self) -> Mapping[str, str]:
        return {}


def test_a_version_that_was_lost_is_not_tried_again() -> None:
    tags = StaleTags(COMMIT)
    assert [claim_next(tags, PLAIN).tag for _ in range(3)] == ["v1.0.0", "v1.0.1", "v1.0.2"]


def test_endless_contention_is_an_error_that_may_be_retried() -> None:
    class Greedy(FakeVersionTags):
        def claim(self, tag: str, commit: str, message: str) -> bool:
            del tag, commit, message
            return False

    with pytest.raises(VersionTaken) as caught:
        claim_next(Greedy(COMMIT), PLAIN)
    assert caught.value.retryable


class Locked(FakeVersionTags):
    """A remote whose answers to claims are scripted: locked by another push, lost to it, or as usual."""

    script: Iterator[str] = iter(())

    def claim(self, tag: str, commit: str, message: str) -> bool:
        match next(self.script, "as usual"):
            case "locked":
                raise LeaseLost("cannot lock ref")
            case "lost":
                super().claim(tag, commit, "another pipeline")
                return False
            case _:
                return super().claim(tag, commit, message)


def test_a_remote_that_is_locked_for_a_moment_is_asked_again() -> None:
    tags = Locked(COMMIT)
    tags.script = iter(["locked"] * 4)
    assert claim_next(tags, PLAIN).tag == "v1.0.0"
    tags.script = iter(["locked"] * 4 + ["lost"] + ["locked"] * 4)
    assert claim_next(tags, PLAIN).tag == "v1.0.2"
    tags.script = iter(["locked"] * 5)
    with pytest.raises(LeaseLost):
        claim_next(tags, PLAIN)


def test_a_job_that_is_run_again_keeps_its_version_if_it_asks_to() -> None:
    tags = FakeVersionTags("b" * 40, COMMIT)
    assert tags.claim("v1.0.2", "b" * 40, "an older commit")
    first = claim_next(tags, asked(reuse=True))
    again = claim_next(tags, asked(reuse=True))
    assert (first.tag, first.reused, first.present) == ("v1.0.3", False, None)
    assert (again.tag, again.reused, again.previous) == ("v1.0.3", True, Version(1, 0, 2))
    assert find_next(tags, asked(reuse=True)).tag == "v1.0.3"
    assert claim_next(tags, asked(reuse=True, bump=Bump.MINOR)).tag == "v1.1.0"
    assert claim_next(tags, asked(reuse=True, line=(1, 0))).tag == "v1.0.3"


def test_without_asking_a_further_version_is_claimed_and_the_present_one_told() -> None:
    tags = FakeVersionTags("b" * 40, COMMIT)
    assert tags.claim("v1.0.2", "b" * 40, "an older commit")
    claim_next(tags, PLAIN)
    other = claim_next(tags, PLAIN)
    assert (other.tag, other.reused, other.present) == ("v1.0.4", False, Version(1, 0, 3))
    assert claim_next(tags, asked(reuse=True, reads_tags=False)).tag == "v1.0.4"


def test_what_is_reused_is_what_was_asked_for() -> None:
    tags = FakeVersionTags(COMMIT)
    claim_next(tags, asked(bump=Bump.MINOR))
    claim_next(tags, PLAIN)
    assert claim_next(tags, asked(reuse=True, bump=Bump.MAJOR)).tag == "v1.0.0"
    assert claim_next(tags, asked(reuse=True)).tag == "v1.0.1"
    minor = claim_next(tags, asked(bump=Bump.MINOR))
    again = claim_next(tags, asked(reuse=True, bump=Bump.MINOR))
    assert (minor.tag, again.tag, again.bump) == ("v1.1.0", "v1.1.0", Bump.MINOR)
    assert claim_next(tags, asked(reuse=True, line=(1, 0))).tag == "v1.0.1"
    assert claim_next(tags, asked(reuse=True, bump=None)).tag == "v1.1.0"


def test_a_line_that_was_opened_is_begun_even_on_a_commit_with_a_version() -> None:
    tags = FakeVersionTags(COMMIT)
    claim_next(tags, PLAIN)
    assert tags.claim("v1.1.x", COMMIT, "Open the line 1.1")
    assert [claim_next(tags, asked(reuse=True)).tag for _ in range(2)] == ["v1.1.0", "v1.1.0"]


def test_a_branch_s_build_is_reused_for_that_branch() -> None:
    tags = FakeVersionTags(COMMIT)
    pre = {"pattern": BranchPattern("{branch}.{n}"), "branch": "feature/x", "reuse": True}
    assert [claim_next(tags, asked(**pre)).tag for _ in range(2)] == ["v1.0.0-feature-x.1"] * 2
    assert claim_next(tags, asked(**{**pre, "branch": "other"})).tag == "v1.0.0-other.1"
    assert claim_next(tags, asked(reuse=True)).tag == "v1.0.0"
    assert claim_next(tags, asked(**pre)).tag == "v1.0.0-feature-x.1"


def test_of_several_at_once_all_get_the_version_that_one_claimed() -> None:
    tags = FakeVersionTags(COMMIT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claim_next(tags, asked(reuse=True)), range(8)))
    assert {each.tag for each in found} == {"v1.0.0"}
    assert sorted(tags.all()) == ["v1.0.0"]

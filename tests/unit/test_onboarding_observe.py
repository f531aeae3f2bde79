"""What a repository shows to `tidegate init`."""

from __future__ import annotations

import pytest

from support.engine_world import MARKER, POLICY, helm_release
from tidegate.engine.onboarding.observe import observe
from tidegate.engine.onboarding.propose import propose
from tidegate.engine.onboarding.seen import Answers, SeenImage, SeenProject, SeenRelease
from tidegate.errors.git import BranchMissing
from tidegate.model import ImageRef
from tidegate.testing.clock import START, FakeClock
from tidegate.testing.gitops import FakeRepos
from tidegate.testing.remotes import FakeRemotes

RELEASE = helm_release("dev.example/inventory:1.1.3", marker=MARKER)
SIDECAR = SeenImage(ImageRef.parse("ghcr.io/mesh/proxy:2.0.1"))


def seen(files: dict[str, bytes], *refs: str) -> SeenProject:
    remotes = FakeRemotes()
    remotes.create("platform/gitops", files, START)
    repo = FakeRepos(remotes, FakeClock(START)).repo("platform/gitops")
    return observe(repo, "https://gitlab.example.com", "platform/gitops", ("refs/heads/main", *refs))


def test_releases_policies_and_tags() -> None:
    files = {
        "dev/inventory/release.yaml": RELEASE,
        "dev/inventory/policy.yaml": POLICY,
        "dev/inventory/notes.md": RELEASE,
        "dev/kustomization.yaml": b"kind: Kustomization # of HelmReleases and an ImagePolicy\n",
    }
    found = seen(files, "refs/heads/feature", "refs/tags/v1.0.0")
    (branch,) = found.branches
    image = SeenImage(ImageRef.parse("dev.example/inventory:1.1.3"), marked=True)
    assert branch.releases == (SeenRelease("dev/inventory/release.yaml", ("inventory",), (image, SIDECAR)),)
    assert (branch.name, branch.policies, branch.unreadable) == ("main", 1, ())
    assert (found.tags, found.name) == (("v1.0.0",), "gitops")


def test_what_cannot_be_read_is_told() -> None:
    large = b"# HelmRelease\n" + b"a" * (5 << 20)
    found = seen({"dev/inventory/r.yaml": RELEASE, "bad.yaml": b"kind: HelmRelease\na: [", "large.yml": large})
    assert len(found.branches[0].releases) == 1
    notes = propose([found], Answers()).notes
    assert [note.partition(":")[0] for note in notes[:2]] == ["platform/gitops"] * 2
    assert {"bad.yaml" in note for note in notes[:2]} == {True, False}


def test_a_repository_without_a_branch() -> None:
    remotes = FakeRemotes()
    remotes.create("platform/gitops", {}, START)
    repo = FakeRepos(remotes, FakeClock(START)).repo("platform/gitops")
    with pytest.raises(BranchMissing):
        observe(repo, "https://gitlab.example.com", "platform/gitops", ("refs/tags/v1.0.0",))

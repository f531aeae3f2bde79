"""`tidegate version` over a local git remote and an image-layout registry."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.git_worlds import bare_repository, commit_files, git
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_image

CONFIG = """\
version: 1
forge: {type: gitlab, url: https://gitlab.example.com}
registries:
  dev: {host: dev.example, endpoint: "oci-layout:./registry"}
  gone: {host: gone.example, endpoint: "http://127.0.0.1:1"}
environments:
  dev: {registry: dev, repo: platform/gitops, path: "dev/{service}", tag: "v{version}", deploy: auto}
services:
  inventory:
    image: team/inventory
    source: SOURCE
    version_tags: "inventory/v{version}"
    paths: [services/inventory]
"""


class World:
    """A monorepo with one configured service, and a checkout of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = bare_repository(folder, "app", {"services/inventory/main.py": b"1\n", "other.py": b"1\n"})
        self.checkout = folder / "checkout"
        git("clone", "--quiet", str(self.bare), str(self.checkout), cwd=folder)
        (folder / "tidegate.yaml").write_text(CONFIG.replace("SOURCE", self.bare.as_uri()))

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
        """Run `tidegate version …` in the checkout."""
        return tidegate("-C", self.checkout, "version", *arguments, environ=environ)

    def version(self, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
        ended = self.run(*arguments, environ=environ)
        assert ended.code == 0, ended.err
        return ended.out.strip()

    def tag(self, *names: str) -> None:
        for name in names:
            git("tag", name, "main", cwd=self.bare)

    def commit(self, subject: str, file: str = "services/inventory/main.py") -> str:
        commit_files(self.bare, "main", {file: subject.encode()}, subject)
        git("pull", "--quiet", cwd=self.checkout)
        return git("rev-parse", "HEAD", cwd=self.checkout)

    def push_image(self, *tags: str) -> None:
        image = build_image("one", files={"a": b"1"})
        for tag in tags:
            image.push(LayoutRegistry(self.folder / "registry"), "team/inventory", tag)

    def use_the_registry_that_is_gone(self) -> None:
        file = self.folder / "tidegate.yaml"
        file.write_text(file.read_text().replace("dev: {registry: dev", "dev: {registry: gone"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("HOME", str(tmp_path))
    return World(tmp_path)


# next


def test_next_without_a_service_needs_no_configuration(world: World) -> None:
    (world.folder / "tidegate.yaml").unlink()
    assert world.version("next") == "1.0.0"
    assert world.version("next", "--push", "--tag-format", "v{version}") == "1.0.0"
    assert world.version("next", "--tag-format", "v{version}", "--bump", "minor") == "1.1.0"
    world.tag("v1.1.x", "v1.1.0", "v1.1.1")
    assert world.version("next", "--tag-format", "v{version}") == "1.1.2"
    assert world.version("next", "--tag-format", "v{version}", "--line", "1.0") == "1.0.1"


def test_a_line_that_release_opened_begins_with_its_first_version(world: World) -> None:
    world.tag("1.0.7")
    world.tag("1.1.x")
    assert [world.version("next", "--push") for _ in range(3)] == ["1.1.0", "1.1.1", "1.1.2"]
    assert world.version("next", "--push", "--line", "1.0") == "1.0.8"


def test_json_says_what_the_version_is_made_of(world: World) -> None:
    world.tag("inventory/v1.0.3", "v7.0.0")
    head = world.commit("feat: a")
    document = json.loads(world.version("next", "inventory", "--bump", "auto", "--push", "--format", "json"))
    assert document == {
        "schemaVersion": 1,
        "version": "1.1.0",
        "tag": "inventory/v1.1.0",
        "commit": document["commit"],
        "line": "1.1",
        "previous": "1.0.3",
        "bump": "minor",
        "claimed": True,
        "reused": False,
    }
    assert document["commit"] == head
    assert git("rev-parse", "inventory/v1.1.0^{commit}", cwd=world.bare) == head


def test_a_job_that_is_run_again_may_keep_its_version(world: World) -> None:
    world.tag("1.0.3")
    call = ("next", "--push")
    assert world.version(*call, "--reuse") == "1.0.3"
    again = world.run(*call)
    assert again.out == "1.0.4\n"
    assert again.err.endswith(", which had 1.0.3 already; --reuse would have kept that\n")
    kept = world.run(*call, "--reuse", "--format", "json")
    assert kept.err.endswith(" has 1.0.4 already: it is kept\n")
    document = json.loads(kept.out)
    assert (document["version"], document["claimed"], document["reused"]) == ("1.0.4", False, True)
    assert sorted(git("tag", cwd=world.bare).split()) == ["1.0.3", "1.0.4"]


def test_a_checkout_of_the_services_repository_has_its_head_tagged_and_another_one_never(world: World) -> None:
    old = git("rev-parse", "HEAD", cwd=world.checkout)
    new = commit_files(world.bare, "main", {"other.py": b"2"})
    arguments = ("next", "inventory", "--push", "--format", "json")
    assert json.loads(world.version(*arguments))["commit"] == old
    gitops = bare_repository(world.folder, "gitops", {"a": b"1"})
    git("remote", "set-url", "origin", str(gitops), cwd=world.checkout)
    assert json.loads(world.version(*arguments))["commit"] == new
    assert git("tag", cwd=gitops) == ""


def test_a_repository_that_an_environment_is_deployed_from_is_no_application(world: World) -> None:
    file = world.folder / "tidegate.yaml"
    unsourced = re.sub(r"    source: .*\n", "", file.read_text())
    file.write_text(unsourced)
    assert world.version("next", "inventory") == "1.0.0", "a checkout of the application"
    for address in ("https://gitlab.example.com/platform/gitops.git", "git@gitlab.example.com:platform/gitops.git"):
        git("remote", "set-url", "origin", address, cwd=world.checkout)
        ended = world.run("next", "inventory", "--push")
        assert (ended.code, ended.out) == (2, "")
        assert "release/source-unknown" in ended.err
        assert "this is a checkout of platform/gitops, which dev is deployed from" in ended.err
        assert "run it in a checkout of the application's repository" in ended.err
    gitops = bare_repository(world.folder / "forge", "platform/gitops", {"a": b"1"})
    git("remote", "set-url", "origin", str(gitops), cwd=world.checkout)
    local = unsourced.replace("{type: gitlab, url: https://gitlab.example.com}", "{type: local, path: ./forge}")
    file.write_text(local)
    assert "release/source-unknown" in world.run("next", "inventory", "--push").err
    file.write_text(local.replace("image: team/inventory", "image: team/inventory\n    source: platform/gitops"))
    assert world.version("next", "inventory", "--push") == "1.0.0", "one repository may be both, when it is said"


def test_dotenv_is_what_gitlab_reads(world: World) -> None:
    world.tag("inventory/v1.0.3")
    assert world.version("next", "inventory", "--format", "dotenv") == (
        "TIDEGATE_VERSION=1.0.4\nTIDEGATE_TAG=inventory/v1.0.4"
    )


def test_stdout_is_the_version_alone(world: World) -> None:
    ended = world.run("next", "--push")
    assert ended.out == "1.0.0\n"
    assert ended.err.startswith("tag 1.0.0 is pushed at ")


@pytest.mark.parametrize(
    ("origin", "expected"), [("git", "1.0.4"), ("registry", "1.2.1"), ("both", "1.2.1")], ids=lambda each: each
)
def test_the_higher_of_git_and_registry_wins(world: World, origin: str, expected: str) -> None:
    world.tag("inventory/v1.0.3")
    world.push_image("v1.0.9", "v1.2.0", "v1.3.0-feature-x.1", "9.9.9", "latest")
    assert world.version("next", "inventory", "--from", origin) == expected
    assert world.version("next", "inventory") == "1.0.4", "git tags alone are the default"


def test_the_registry_alone_knows_no_commit_until_one_is_tagged(world: World) -> None:
    world.push_image("v1.0.9")
    world.tag("inventory/v5.0.0")
    arguments = ("next", "inventory", "--from", "registry", "--format", "json")
    assert json.loads(world.version(*arguments))["commit"] is None
    assert json.loads(world.version(*arguments, "--push"))["tag"] == "inventory/v1.0.10"
    assert git("tag", cwd=world.bare).split() == ["inventory/v1.0.10", "inventory/v5.0.0"]


def test_a_registry_that_can_not_be_reached_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    world.use_the_registry_that_is_gone()
    ended = world.run("next", "inventory", "--from", "both", "--push")
    assert (ended.code, ended.out) == (1, "")
    assert "registry/unreachable" in ended.err
    assert git("tag", cwd=world.bare) == ""
    assert world.version("next", "inventory") == "1.0.0", "git alone does not ask it"


@pytest.mark.parametrize(
    ("commits", "options", "expected"),
    [
        ([("fix: a", "services/inventory/main.py")], [], "1.0.4"),
        ([("feat: a", "services/inventory/main.py")], [], "1.1.0"),
        ([("feat!: a", "services/inventory/main.py")], [], "2.0.0"),
        ([("feat!: a", "other.py"), ("fix: b", "services/inventory/main.py")], [], "1.0.4"),
        ([("feat!: a", "other.py")], ["--path", "other.py", "--path", "nothing/"], "2.0.0"),
        ([("feat!: a", "other.py")], ["--path", "./other"], "1.0.4"),
        ([("feat!: a", "other.py")], ["--path", "."], "2.0.0"),
    ],
)
def test_the_commits_tell_the_bump(
    world: World, commits: list[tuple[str, str]], options: list[str], expected: str
) -> None:
    world.tag("inventory/v1.0.3")
    for subject, file in commits:
        world.commit(subject, file)
    assert world.version("next", "inventory", "--bump", "auto", *options) == expected


def test_a_shallow_checkout_gets_the_same_answer(world: World) -> None:
    world.tag("1.0.3")
    world.commit("feat: a")
    for number in range(3):
        world.commit(f"fix: {number}")
    git("clone", "--quiet", "--depth=1", world.bare.as_uri(), "shallow", cwd=world.folder)
    ended = tidegate("-C", world.folder / "shallow", "version", "next", "--bump", "auto", "--push")
    assert ended.out == "1.1.0\n", ended.err


def test_a_shallow_checkout_whose_commit_is_nowhere_else_says_what_to_set(world: World) -> None:
    world.tag("1.0.3")
    world.commit("feat: a")
    git("clone", "--quiet", "--depth=1", world.bare.as_uri(), "shallow", cwd=world.folder)
    git("commit", "--quiet", "--allow-empty", "-m", "fix: b", cwd=world.folder / "shallow")
    ended = tidegate("-C", world.folder / "shallow", "version", "next", "--bump", "auto")
    assert (ended.code, ended.out) == (2, "")
    assert "git/history-incomplete" in ended.err
    assert "GIT_DEPTH: 0" in ended.err


def test_builds_of_a_branch_are_pre_releases(world: World) -> None:
    git("checkout", "--quiet", "-b", "Feature/X", cwd=world.checkout)
    build = ("next", "--push", "--pre", "{branch}.{n}")
    assert world.version(*build) == "1.0.0-feature-x.1"
    assert world.version(*build, environ={"CI_COMMIT_REF_NAME": "", "PATH": "/usr/bin:/bin"}) == "1.0.0-feature-x.2"
    assert world.version(*build, environ={"CI_COMMIT_REF_NAME": "mr/7", "PATH": "/usr/bin:/bin"}) == "1.0.0-mr-7.1"
    assert world.version(*build, "--branch", "") == "1.0.0-branch-e3b0c442.1"
    assert world.version("next", "--push") == "1.0.0"
    assert world.version(*build) == "1.0.1-feature-x.1"
    git("checkout", "--quiet", "--detach", cwd=world.checkout)
    ended = world.run(*build)
    assert ended.code == 2
    assert "--branch NAME" in ended.err
    assert world.version("next", "--pre", "build.{n}") == "1.0.1-build.1", "a pattern without a branch needs none"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["next", "nothing"], "there is no service 'nothing'; in the configuration: inventory"),
        (["next", "--from", "both"], "name the SERVICE"),
        (["next", "--path", "a"], "only with --bump auto"),
        (["next", "--branch", "a"], "only with --pre"),
        (["next", "--pre", "{branch}"], "model/pattern"),
        (["next", "--line", "one"], "write it like 1.0"),
        (["next", "--line", "7.7"], "release/line-unknown"),
        (["next", "--tag-format", "v"], "model/pattern"),
        (["next", "--tag-format", "a b\n{version}"], "git/branch-name"),
        (["next", "--bump", "auto", "--path", "../x"], "git/unsafe-path"),
        (["current", "--line", "7"], "write it like 1.0"),
    ],
)
def test_what_can_not_be_asked(world: World, arguments: list[str], said: str) -> None:
    ended = world.run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


# current


def test_current_is_the_newest_of_all_or_of_a_line(world: World) -> None:
    world.tag("inventory/v1.0.9", "inventory/v1.0.10", "inventory/v1.1.0", "inventory/v1.1.1-x.1", "inventory/v1.2.x")
    assert world.version("current", "inventory") == "1.1.0"
    assert world.version("current", "inventory", "--line", "1.0") == "1.0.10"
    world.push_image("v1.1.3")
    assert world.version("current", "inventory", "--from", "both") == "1.1.3"
    assert world.version("current", "inventory", "--from", "registry") == "1.1.3"
    head = git("rev-parse", "main", cwd=world.bare)
    assert json.loads(world.version("current", "inventory", "--format", "json")) == {
        "schemaVersion": 1,
        "version": "1.1.0",
        "tag": "inventory/v1.1.0",
        "commit": head,
        "line": "1.1",
    }


def test_current_names_the_tag_that_is_there(world: World) -> None:
    world.tag("v1.0.0+build")
    assert world.version("current", "--format", "dotenv") == "TIDEGATE_VERSION=1.0.0\nTIDEGATE_TAG=v1.0.0+build"


@pytest.mark.parametrize("options", [[], ["--line", "1.2"]])
def test_no_version_yet(world: World, options: list[str]) -> None:
    world.tag("1.0.0-x.1", "v1")
    ended = world.run("current", *options)
    assert (ended.code, ended.out) == (1, "")
    assert "release/no-version" in ended.err

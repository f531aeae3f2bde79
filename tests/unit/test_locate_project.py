"""Which project a repository is, told by its address or its `origin`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.git_worlds import bare_repository, git
from tidegate.errors.forge import InvalidProject
from tidegate.errors.git import UnsafeRemote
from tidegate.git import Git
from tidegate.gitops.projects import locate_project

GITLAB = "https://gitlab.example.com"


@pytest.mark.parametrize(
    ("address", "forge", "base", "path"),
    [
        ("https://gitlab.example.com/platform/gitops.git", None, GITLAB, "platform/gitops"),
        ("https://user:secret@gitlab.example.com/platform/gitops", None, GITLAB, "platform/gitops"),
        ("http://127.0.0.1:8080/a/b/c.git/", None, "http://127.0.0.1:8080", "a/b/c"),
        ("git@gitlab.example.com:platform/gitops.git", None, GITLAB, "platform/gitops"),
        ("ssh://git@gitlab.example.com:2222/platform/gitops.git", None, GITLAB, "platform/gitops"),
        (
            "https://example.com/gitlab/platform/gitops.git",
            "https://example.com/gitlab",
            "https://example.com/gitlab",
            "platform/gitops",
        ),
        ("git@ssh.example.com:platform/gitops.git", GITLAB, GITLAB, "platform/gitops"),
        ("file:///srv/forge/platform/gitops.git", None, "/srv/forge", "platform/gitops"),
        ("/srv/forge/platform/gitops.git", None, "/srv/forge", "platform/gitops"),
        ("/srv/forge/gitops.git", "/srv/forge", "/srv/forge", "gitops"),
    ],
)
def test_an_address_tells_forge_and_project(address: str, forge: str | None, base: str, path: str) -> None:
    located = locate_project(Git.find({}), address, forge)
    assert (located.base, located.path) == (base, path)
    assert "secret" not in repr(located)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    bare_repository(tmp_path / "forge", "platform/gitops", {"apps/a.yaml": b"a\n"})
    git("clone", "--quiet", "forge/platform/gitops.git", "work", cwd=tmp_path)
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("origin", "base", "path"),
    [
        ("git@gitlab.example.com:platform/gitops.git", GITLAB, "platform/gitops"),
        ("../forge/platform/gitops.git", "{folder}/forge", "platform/gitops"),
        (None, "{folder.parent}", "{folder.name}/work"),
    ],
)
def test_a_checkout_is_the_project_of_its_origin(checkout: Path, origin: str | None, base: str, path: str) -> None:
    git("remote", *(("set-url", "origin", origin) if origin else ("remove", "origin")), cwd=checkout)
    folder = checkout.parent
    for place in (checkout, checkout / "apps"):
        located = locate_project(Git.find({}), str(place))
        assert (located.base, located.path) == (base.format(folder=folder), path.format(folder=folder))
        assert located.remote.url == str(checkout)


@pytest.mark.parametrize("address", ["https://gitlab.example.com/", "/elsewhere/gitops.git"])
def test_what_tells_no_project(address: str) -> None:
    with pytest.raises(InvalidProject):
        locate_project(Git.find({}), address, "/srv/forge" if address.startswith("/") else None)


def test_what_is_no_address() -> None:
    with pytest.raises(UnsafeRemote):
        locate_project(Git.find({}), "ext::sh -c true")
    with pytest.raises(UnsafeRemote, match="is not a URL"):
        locate_project(Git.find({}), f"{GITLAB}/platform/gitops", "https://[gitlab.example.com")

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors.forge import InvalidProject
from tidegate.errors.git import UnsafeRemote
from tidegate.git import ProjectRemotes, Remote
from tidegate.git.remote import without_userinfo


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/pwned",
        "fd::17",
        "git-remote+x::y",
        "--upload-pack=touch pwned",
        "-oProxyCommand=touch pwned",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-l@host/x",
        "ssh://host/-x",
        "-host:path",
        "user@-host:path",
        "host:-path",
        "git://host/x",
        "ftp://host/x",
        "javascript://host/x",
        "http://",
        "http://[::1",
        "http://host:port/x",
        "file://host/share",
        "file://relative",
        "https://host/x\n--upload-pack",
        "a\0b",
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(UnsafeRemote):
        Remote.parse(address)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/srv/git/app.git", "/srv/git/app.git"),
        ("/srv/with:colon.git", "/srv/with:colon.git"),
        ("file:///srv/git/app.git", "file:///srv/git/app.git"),
        ("https://gitlab.example.com/a/b.git", "https://gitlab.example.com/a/b.git"),
        ("http://127.0.0.1:8080/b.git", "http://127.0.0.1:8080/b.git"),
        ("http://[::1]:8080/b.git", "http://[::1]:8080/b.git"),
        ("ssh://git@gitlab.example.com:2222/a/b.git", "ssh://git@gitlab.example.com:2222/a/b.git"),
        ("ssh://git:secret@host/a.git", "ssh://git@host/a.git"),
        ("git@gitlab.example.com:a/b.git", "git@gitlab.example.com:a/b.git"),
        ("host:a/b.git", "host:a/b.git"),
    ],
)
def test_addresses_that_are_taken(address: str, url: str) -> None:
    remote = Remote.parse(address)
    assert remote.url == url
    assert remote.authorization is None


def test_a_relative_path_is_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Remote.parse("./forge/app.git").url == str(tmp_path / "forge/app.git")


def test_a_password_becomes_a_header_and_is_not_shown() -> None:
    remote = Remote.parse("https://oauth2:glpat-s3cr%2Ft@gitlab.example.com:8443/a/b.git")
    assert remote.url == "https://gitlab.example.com:8443/a/b.git"
    assert remote.authorization == "Basic b2F1dGgyOmdscGF0LXMzY3IvdA=="
    assert "glpat" not in repr(remote)
    assert "b2F1" not in repr(remote)
    assert "glpat" not in repr(ProjectRemotes("https://oauth2:glpat-secret@host"))


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(UnsafeRemote) as caught:
        Remote.parse("ftp://user:hunter2@host/x")
    assert "hunter2" not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_userinfo_goes_from_every_url_in_a_text() -> None:
    text = "fatal: unable to access 'https://u:p@w@host/x': see http://t@other/y, git@host:path"
    assert without_userinfo(text) == "fatal: unable to access 'https://host/x': see http://other/y, git@host:path"


def test_names_of_caches_are_for_people_and_unique() -> None:
    one, two = Remote.parse("https://host/a/gitops.git"), Remote.parse("https://host/b/gitops.git")
    assert one.name.startswith("gitops-")
    assert one.name != two.name
    assert Remote.parse("https://u:p@host/a/gitops.git").name == one.name


@pytest.mark.parametrize(
    "project", ["../x", "a/../b", "/a", "a//b", "-x", "a/-x", "a b", "a\n", "", ".git", "a:b", "a?b"]
)
def test_projects_that_are_refused(project: str) -> None:
    with pytest.raises(InvalidProject):
        ProjectRemotes("/srv/git").remote(project)


def test_a_project_has_its_place_below_the_base() -> None:
    assert ProjectRemotes("https://host/").remote("platform/gitops").url == "https://host/platform/gitops.git"
    assert ProjectRemotes("/srv/git").remote("platform/gitops.git").url == "/srv/git/platform/gitops.git"
    assert ProjectRemotes("git@host:").remote("a/b").url == "git@host:a/b.git"


SAME = [
    "https://git.example/team/app.git",
    "https://gitlab-ci-token:secret@git.example/team/app.git",
    "https://git.example/team/app",
    "https://git.example/team/app/",
    "ssh://git@git.example/team/app.git",
    "git@git.example:team/app.git",
    "git@GIT.example:/team/app",
]


@pytest.mark.parametrize("one", SAME)
@pytest.mark.parametrize("other", SAME)
def test_addresses_of_one_repository(one: str, other: str) -> None:
    assert Remote.parse(one).leads_to(Remote.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://git.example/team/app", "https://git.example/team/other"),
        ("https://git.example/team/app", "https://other.example/team/app"),
        ("https://git.example/team/app", "https://git.example:8443/team/app"),
        ("ssh://git.example/team/app", "ssh://git.example:2222/team/app"),
        ("/srv/app", "https://srv/app"),
        ("/srv/app", "/srv/app2"),
    ],
)
def test_addresses_of_two_repositories(one: str, other: str) -> None:
    assert not Remote.parse(one).leads_to(Remote.parse(other))


def test_a_folder_is_the_same_as_its_url() -> None:
    assert Remote.parse("/srv/app.git").leads_to(Remote.parse("file:///srv/app"))


def test_ssh_and_https_have_ports_of_their_own() -> None:
    assert Remote.parse("ssh://git@git.example:2222/team/app").leads_to(Remote.parse("https://git.example/team/app"))

"""`tidegate token`: what is printed once, and what is kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from support.access import access_for
from support.cli import Ended, tidegate
from support.configs import SMALL, load_text
from tidegate.config.token_file import TokenEntry, add_token, read_tokens
from tidegate.model.role import Role, Scope
from tidegate.server.access.secrets import digest_of, new_token
from tidegate.server.access.visitor import Proof
from tidegate.testing.clock import START, FakeClock

CONFIG = f"{SMALL}server: {{tokens: ./tokens.yaml}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tidegate.yaml").write_text(CONFIG)
    return tmp_path


def write_entry(file: Path, name: str) -> str:
    secret = new_token()
    add_token(file, TokenEntry(name, "robot", Scope(Role.VIEWER), START, digest_of(secret)))
    return secret


def token(folder: Path, *arguments: str) -> Ended:
    return tidegate("-C", folder, "token", *arguments, environ={"TIDEGATE_USER": "dana"})


def test_a_new_token_is_printed_once_and_good_at_once(folder: Path) -> None:
    (folder / "tokens.yaml").write_text("# reviewed by two")
    made = token(folder, "create", "ci", "--role", "promoter", "--env", "live", "--for", "30d", "--as", "robot")
    secret = made.out.strip()
    assert (made.code, secret in made.err, secret.startswith("tidegate_")) == (0, False, True)
    text = (folder / "tokens.yaml").read_text()
    assert text.startswith("# reviewed by two\nci:\n  user: robot\n  role: promoter\n  environments: [live]\n")
    assert secret not in text

    visitor = access_for(load_text(folder, CONFIG), clock=FakeClock()).visitor("", f"Bearer {secret}", "")
    assert (visitor.user, visitor.proof) == ("robot", Proof.TOKEN)


def test_tokens_are_listed_without_their_hashes(folder: Path) -> None:
    assert token(folder, "list").err == "no tokens\n"
    token(folder, "create", "ci", "--role", "viewer")
    token(folder, "create", "other", "--role", "admin", "--env", "live", "--env", "dev")
    listed = token(folder, "list")
    assert [line.split()[:3] for line in listed.out.splitlines()[1:]] == [
        ["ci", "dana", "viewer"],
        ["other", "dana", "admin"],
    ]
    documents = json.loads(token(folder, "list", "-o", "json").out)["tokens"]
    assert [each["environments"] for each in documents] == [None, ["dev", "live"]]
    assert "sha256" not in json.dumps(documents) + listed.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "ci", "--role", "viewer"), "server/token-exists"),
        (("create", "c i", "--role", "viewer"), "server/token-file"),
        (("create", "other", "--role", "viewer", "--env", "none"), "release/environment-unknown"),
        (("create", "other", "--role", "king"), "tidegate/usage"),
        (("create", "other", "--role", "viewer", "--for", "0s"), "config/duration"),
    ],
)
def test_what_is_refused_changes_nothing(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    token(folder, "create", "ci", "--role", "viewer")
    before = (folder / "tokens.yaml").read_text()
    refused = token(folder, *arguments)
    assert (refused.code, code in refused.err, refused.out) == (2, True, "")
    assert (folder / "tokens.yaml").read_text() == before


def test_a_link_to_the_file_stays_a_link(folder: Path) -> None:
    (folder / "tokens.yaml").symlink_to("reviewed.yaml")
    token(folder, "create", "ci", "--role", "viewer")
    token(folder, "create", "other", "--role", "viewer")
    assert (folder / "tokens.yaml").is_symlink()
    assert "\nother:\n" in (folder / "reviewed.yaml").read_text()


def test_tokens_that_are_made_at_the_same_moment_are_all_kept(folder: Path) -> None:
    names, start = [f"t{number}" for number in range(8)], Barrier(8)

    def make(name: str) -> str:
        start.wait()
        return write_entry(folder / "tokens.yaml", name)

    with ThreadPoolExecutor(8) as pool:
        secrets = dict(zip(names, pool.map(make, names), strict=True))
    kept = read_tokens((folder / "tokens.yaml").read_bytes(), "")
    assert {name: entry.digest for name, entry in kept.items()} == {
        name: digest_of(secret) for name, secret in secrets.items()
    }
    assert [each.name for each in folder.iterdir() if "tokens" in each.name] == ["tokens.yaml"]


def test_what_is_refused_makes_no_file(folder: Path) -> None:
    assert token(folder, "create", "c i", "--role", "viewer").code == 2
    assert not (folder / "tokens.yaml").exists()


@pytest.mark.parametrize("time", ["soon", "2027-01-31T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_an_end_that_is_no_time_is_said(folder: Path, time: str) -> None:
    entry = f'ci:\n  user: robot\n  role: viewer\n  expires: "{time}"\n  hash: sha256:{"0" * 64}\n'
    (folder / "tokens.yaml").write_text(entry)
    listed = token(folder, "list")
    assert listed.code == 2
    assert f"error: ci.expires: '{time}' is no time with a time zone\n" in listed.err


def test_where_no_file_is_named_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text(SMALL)
    refused = token(tmp_path, "create", "ci", "--role", "viewer")
    assert (refused.code, "server.tokens" in refused.err, refused.out) == (2, True, "")

"""No command prints a secret, with --debug or without, and no child process has one among its arguments."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from support.cli import Ended, tidegate
from support.docker_registry import PASSWORD, USERNAME, DockerRegistry
from support.road_texts import HOSTS
from support.road_world import RoadWorld, release_image, world_with_release
from support.secrets import assert_unseen, path_with, secrets_of, spy_on
from tidegate.cli.frame import root
from tidegate.cli.lazy import Command
from tidegate.http import Client, Origin, Retry
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry

DOCKERS = "docker-login-s3cret"
HELPERS = "helper-s3cret"
WRONG = "wrong-s3cret"
LASTING = frozenset({"demo", "serve", "wait"})
"""Commands that do not end by themselves soon; `demo` plays in a folder of its own and has no credentials."""


@dataclass
class Vault:
    """A world with secrets wherever Tidegate looks for some."""

    world: RoadWorld
    secrets: frozenset[str]
    children: Path

    def run(self, *arguments: str) -> Ended:
        """Run a command line and see to it that no secret shows."""
        ended = tidegate("-C", self.world.folder, *arguments, environ=self.world.environ)
        assert_unseen(ended.out + ended.err, self.secrets)
        return ended

    def arguments_of_children(self) -> str:
        """Return the command lines of all child processes, which show no secret."""
        lines = self.children.read_text()
        assert_unseen(lines, self.secrets)
        return lines


def _helper(folder: Path, secret: str) -> None:
    folder.mkdir()
    program = folder / "docker-credential-vault"
    program.write_text(f'#!/bin/sh\necho \'{{"Username":"robot","Secret":"{secret}"}}\'\n')
    program.chmod(0o755)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with DockerRegistry(tmp_path_factory.mktemp("locked"), auth=True) as registry:
        yield registry


@pytest.fixture
def vault(tmp_path: Path, locked: DockerRegistry, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """A release in dev; e2e is a locked registry, prd one whose login is wrong, dev's is never asked."""
    world = world_with_release(tmp_path / "world", until="e2e")
    docker = tmp_path / "docker"
    docker.mkdir()
    auth = base64.b64encode(f"robot:{DOCKERS}".encode()).decode()
    config = {"auths": {HOSTS["prd"]: {"auth": auth}}, "credHelpers": {HOSTS["dev"]: "vault"}}
    (docker / "config.json").write_text(json.dumps(config))
    _helper(tmp_path / "real", HELPERS)
    children, spies = tmp_path / "children", tmp_path / "spies"
    monkeypatch.setenv("PATH", path_with(tmp_path / "real"))
    for program in ("git", "docker-credential-vault"):
        spy_on(program, spies, children)
    world.variables |= {
        "PATH": path_with(spies),
        "DOCKER_CONFIG": str(docker),
        "TIDEGATE_REGISTRIES__DEV__ENDPOINT": locked.url,
        "TIDEGATE_REGISTRIES__E2E__ENDPOINT": locked.url,
        "TIDEGATE_REGISTRIES__PRD__ENDPOINT": locked.url,
        "TIDEGATE_REGISTRIES__E2E__CREDENTIALS__USERNAME": USERNAME,
        "TIDEGATE_REGISTRIES__E2E__CREDENTIALS__PASSWORD_ENV": "E2E_PASSWORD",
        "E2E_PASSWORD": PASSWORD,
        "TIDEGATE_REGISTRY_HUB_PASSWORD": WRONG,
        "GITLAB_TOKEN": "glpat-s3cret-token",
        "CI_REGISTRY_PASSWORD": "ci-s3cret-password",
        "CI_JOB_TOKEN": "job-s3cret-token",
        "AWS_SECRET_ACCESS_KEY": "aws-s3cret-key",
    }
    with Client("test/1") as client:
        me = Credentials(USERNAME, PASSWORD, "the test")
        authorizer = Authorizer(Origin.of(locked.url), client, lambda: me, hint=lambda: "")
        release_image().push(RemoteRegistry(Calls(locked.url, client, authorizer, Retry())), "inventory", "1.1.3-rc1")
    return Vault(world, frozenset({*secrets_of(world.environ), DOCKERS, HELPERS, WRONG}), children)


def _examples() -> list[str]:
    """Return the examples of every command's help, as far as they are Tidegate's own arguments."""

    def below(command: click.Command) -> Iterator[Command]:
        if isinstance(command, Command):
            yield command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                if child is not None and name not in LASTING:
                    yield from below(child)

    lines = {part.strip() for command in below(root) for line in command.examples for part in line.split("|")}
    ours = (line.partition(" >")[0] for line in lines if line.startswith("tidegate "))
    return sorted(re.sub(r"\b[a-z]+\.example\.com\b", HOSTS["e2e"], line) for line in ours)


@pytest.mark.parametrize("form", ["table", "json", "yaml", "name"])
def test_auth_status_says_whose_and_not_what(vault: Vault, form: str) -> None:
    for arguments in (("auth", "status"), ("--debug", "auth", "status", "--check")):
        ended = vault.run(*arguments, "-o", form)
        assert "E2E_PASSWORD" in ended.out
        assert "docker-credential-vault" in ended.out
    assert "docker-credential-vault get" in vault.arguments_of_children()


def test_every_example_of_every_command_keeps_quiet(vault: Vault) -> None:
    """The locked registry accepts one login and refuses the others: commands succeed, and fail at every place."""
    codes = set()
    for example in _examples():
        _, *arguments = shlex.split(example)
        codes.add(vault.run("--debug", *arguments).code)
    assert {0, 2, 4} <= codes
    assert vault.run("--debug", "promote", "inventory", "--to", "staging").code in {0, 4}
    assert "git" in vault.arguments_of_children()


def test_a_failing_login_shows_neither_here_nor_in_the_traceback(vault: Vault) -> None:
    ended = vault.run("--debug", "status")
    assert "does not accept these credentials" in ended.out + ended.err
    vault.arguments_of_children()


def test_no_option_takes_a_secret() -> None:
    def names(command: click.Command) -> Iterator[str]:
        for parameter in command.params:
            yield from parameter.opts
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                if child is not None:
                    yield from names(child)

    words = ("password", "passwd", "secret", "token", "credential", "api-key")
    assert [name for name in names(root) if any(word in name for word in words)] == []


def test_what_is_looked_for_is_found() -> None:
    packed = base64.b64encode(b"robot:hunter22-long").decode()
    for text in ("x hunter22-long y", packed, packed[3:]):
        with pytest.raises(AssertionError):
            assert_unseen(text, {"hunter22-long"})
    assert_unseen("nothing here", {"hunter22-long"})

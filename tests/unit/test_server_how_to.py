"""The how-to pages on sign-in and the API: the configuration is whole, and paths and commands are those that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.cli import tidegate
from support.configs import SMALL, load_text
from support.documents import blocks
from support.server_parts import Stand
from tidegate.errors.config import ConfigInvalid
from tidegate.model.role import Role

HOW_TO = Path(__file__).parents[2] / "docs/how-to"
SIGN_IN, API = ((HOW_TO / f"{name}.md").read_text(encoding="utf-8") for name in ("sign-in", "api"))
LINES = [
    line.removeprefix("$ ")
    for page, language in ((SIGN_IN, "console"), (API, "sh"))
    for block in blocks(page, language)
    for line in block.splitlines()
    if line.removeprefix("$ ").startswith("tidegate ")
]
ENVIRONMENTS = """\
  e2e: {from: dev, registry: prd, repo: platform/e2e, path: "apps/{service}"}
  staging: {from: e2e, registry: prd, repo: platform/staging, path: "apps/{service}"}
  production: {from: staging, registry: prd, repo: platform/production, path: "apps/{service}"}
services:
"""


def test_the_configuration_is_whole(tmp_path: Path) -> None:
    whole, tokens = blocks(SIGN_IN, "yaml")
    text = SMALL.replace("services:\n", ENVIRONMENTS)
    access = load_text(tmp_path, text + whole).server.access
    assert [grant.scope.role for grant in access.grants] == [Role.VIEWER, Role.PROMOTER, Role.DELIVERER, Role.ADMIN]
    assert access.oidc is not None
    assert access.grants[2].scope.environments == {"staging", "production"}
    assert load_text(tmp_path, text + tokens).server.access.tokens == tmp_path / "tidegate-tokens.yaml"


def test_the_table_has_every_operation_of_the_api(tmp_path: Path) -> None:
    told = set(re.findall(r"^\| `(GET|POST) (/[^`? ]+)", API, re.MULTILINE))
    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in Stand(tmp_path).app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    }
    named = {
        (method, path.replace("{service}", "NAME").replace("{project}", "PROJECT").replace("{iid}", "NUMBER"))
        for method, path in described
    }
    assert named - told == {("POST", "/promotions/PROJECT/NUMBER/unapprove")}, "which stands beside approve"
    assert told <= named


@pytest.mark.parametrize("line", LINES)
def test_a_command_exists_with_its_options(line: str) -> None:
    _, *words = shlex.split(line)
    verbs = [word for word in words if word in {"serve", "token", "create", "list", "status", "promote"}]
    text = tidegate("--help").out + tidegate(*verbs, "--help").out
    for option in (word for word in words if word.startswith("--")):
        assert option in text


@pytest.mark.parametrize(
    ("server", "what"),
    [
        ("roles: [{role: king, to: ['user:a']}]", "server.roles[0].role"),
        ("roles: [{role: admin, to: []}]", "server.roles[0].to"),
        ("roles: [{role: admin, to: [alice]}]", "names no approver"),
        ("roles: [{role: admin, to: ['user:a'], environments: [life]}]", "did you mean live?"),
        ("roles: [{role: viewer, to: ['user:a'], environments: [live]}]", "a viewer sees the whole board"),
        ("oidc: {issuer: 'https://a.example', client_id: a, client_secret_env: A}", "needs server.url"),
        ("url: 'https://a.example/path'", "has more than host and port"),
        ("anonymous: admin", "server.anonymous"),
        ("session_key_env: s3cret-itself", "not the name of a variable"),
    ],
)
def test_what_is_wrong_below_server(tmp_path: Path, server: str, what: str) -> None:
    with pytest.raises(ConfigInvalid) as raised:
        load_text(tmp_path, f"{SMALL}server: {{{server}}}\n")
    told = [f"{each.key} {each.what} {each.hint}" for each in raised.value.findings]
    assert [each for each in told if what in each], told


@pytest.mark.parametrize("key", ["ROLES", "ANONYMOUS", "OIDC__ISSUER", "TOKENS"])
def test_no_variable_says_who_may_do_what(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"TIDEGATE_SERVER__|what reviewers have seen"):
        load_text(tmp_path, SMALL, {f"TIDEGATE_SERVER__{key}": "viewer"})

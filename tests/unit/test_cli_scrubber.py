"""A secret of the environment is hidden in every spelling in which texts of ours may have it."""

from __future__ import annotations

import json
import logging

import pytest

from tidegate.cli.debug import Scrubber
from tidegate.server.logs import JsonLines

SECRETS = ["hunter22", 'a"quote', "back\\slash", "two\nlines", "tab\there", "naïve-key", "it's-one", "🔑-key"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_hidden_as_json_and_python_spell_it(secret: str) -> None:
    clean = Scrubber.of({"PRD_PASSWORD": secret}).clean
    assert clean(f"login {secret} failed") == "login [hidden] failed"
    assert clean(f"login {secret!r} failed").strip("login faed'\"") == "[hidden]"
    assert json.loads(clean(json.dumps({"what": secret}))) == {"what": "[hidden]"}
    assert json.loads(clean(json.dumps({"what": secret}, ensure_ascii=False))) == {"what": "[hidden]"}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_line_of_the_servers_log_hides_it_and_stays_json(secret: str) -> None:
    lines = JsonLines(Scrubber.of({"PRD_PASSWORD": secret}).clean)
    record = logging.makeLogRecord({"msg": "login %s failed", "args": (secret,), "levelname": "WARNING"})
    assert json.loads(lines.format(record))["message"] == "login [hidden] failed"


def test_a_secret_is_hidden_without_the_line_end_that_its_variable_has() -> None:
    assert Scrubber.of({"GITLAB_TOKEN": "glpat-12345\n"}).clean("Bearer-glpat-12345.") == "Bearer-[hidden]."

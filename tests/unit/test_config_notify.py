"""`server.notify`: whom the server tells, and what is wrong with how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from tidegate.config.notify_settings import NotifyTarget
from tidegate.errors.config import ConfigInvalid
from tidegate.model.notice import Notice, NoticeEvent


def with_target(target: str) -> str:
    return SMALL + f"server:\n  notify:\n    sre: {target}\n"


def targets(folder: Path, text: str) -> tuple[NotifyTarget, ...]:
    return load_text(folder, text).server.notify


def test_a_target_hears_of_everything_unless_told_otherwise(tmp_path: Path) -> None:
    assert targets(tmp_path, SMALL) == ()
    assert targets(tmp_path, with_target("{url_env: SRE_NOTIFY_URL}")) == (NotifyTarget("sre", "SRE_NOTIFY_URL"),)
    (found,) = targets(
        tmp_path,
        with_target(
            "{url_file: ./url, environments: [live], services: ['inv*'], events: [waiting, failed], every: 5m}"
        ),
    )
    assert found == NotifyTarget(
        "sre",
        None,
        tmp_path / "url",
        frozenset({"live"}),
        ("inv*",),
        frozenset({NoticeEvent.WAITING, NoticeEvent.FAILED}),
        timedelta(minutes=5),
    )


@pytest.mark.parametrize(
    ("target", "service", "environment", "concerns"),
    [
        (NotifyTarget("all"), "shop", "live", True),
        (NotifyTarget("live", environments=frozenset({"live"})), "shop", "live", True),
        (NotifyTarget("live", environments=frozenset({"live"})), "shop", "e2e", False),
        (NotifyTarget("pay", services=("shop", "pay-*")), "pay-in", "live", True),
        (NotifyTarget("pay", services=("shop", "pay-*")), "shop", "live", True),
        (NotifyTarget("pay", services=("shop", "pay-*")), "stock", "live", False),
        (NotifyTarget("pay", services=("pay-*",), environments=frozenset({"live"})), "pay-in", "e2e", False),
    ],
)
def test_what_concerns_a_target(target: NotifyTarget, service: str, environment: str, *, concerns: bool) -> None:
    assert target.concerns(Notice(NoticeEvent.OPENED, service, environment)) is concerns


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is written of a target, and the finding that must come of it, at the text `at`."""

    target: str
    key: str
    at: str
    what: str
    hint: str | None


MISTAKES = [
    Mistake("{url_emv: SRE}", "url_emv", "url_emv", "there is no such key", "did you mean url_env?"),
    Mistake("{environments: [live]}", "", "sre", "nothing says where its address is", "url_env: SRE_NOTIFY_URL"),
    Mistake("{url_env: A, url_file: b}", "url_file", "url_file", "in a variable already", "delete one"),
    Mistake("{url_env: 'slack://t0k3n'}", "url_env", "'slack", "not the name of a variable", "never goes here"),
    Mistake("{url_file: 'slack://t0k3n'}", "url_file", "'slack", "this is no file", "never goes here"),
    Mistake("{url_file: ''}", "url_file", "''", "the file is missing", "e.g. /run/secrets"),
    Mistake(
        "{url_env: A, environments: [liev]}", "environments[0]", "liev", "no environment 'liev'", "did you mean live?"
    ),
    Mistake("{url_env: A, environments: [dev]}", "environments[0]", "dev", "nothing is promoted to dev", "to: live"),
    Mistake("{url_env: A, environments: []}", "environments", "[]", "at least one entry, got none", None),
    Mistake(
        "{url_env: A, services: [inventroy]}", "services[0]", "inventroy", "no service 'inventroy'", "mean inventory?"
    ),
    Mistake("{url_env: A, services: ['In*']}", "services[0]", "'In*'", "names no services", "e.g. pay-*"),
    Mistake("{url_env: A, events: [waitng]}", "events[0]", "waitng", "expected opened or waiting", "mean waiting?"),
    Mistake("{url_env: A, every: 1 hour}", "every", "1 hour", "not a length of time", "30m"),
    Mistake("{url_env: A, every: 0s}", "every", "0s", "a message of its own", "every: 1m"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.target)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    text = with_target(mistake.target)
    with pytest.raises(ConfigInvalid) as caught:
        load_text(tmp_path, text)
    key = f"server.notify.sre.{mistake.key}".rstrip(".")
    found = next(each for each in caught.value.findings if each.key == key and mistake.what in each.what)
    line = text.splitlines()[found.place.line - 1] if found.place.line else ""
    assert line[(found.place.column or 0) - 1 :].startswith(mistake.at)
    assert mistake.hint is None or mistake.hint in (found.hint or "")
    assert "t0k3n" not in f"{found.what} {found.hint}"


def test_services_that_are_discovered_may_have_any_name(tmp_path: Path) -> None:
    head, _, _ = SMALL.partition("services:")
    text = head + "services: discover\nserver: {notify: {sre: {url_env: A, services: [later]}}}\n"
    assert targets(tmp_path, text)[0].services == ("later",)

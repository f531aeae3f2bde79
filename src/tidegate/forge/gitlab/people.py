"""Whose a token is, and who is a person that may count: not a bot, not blocked, and still a member."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from threading import Lock
from typing import Final

from tidegate.errors.forge import ForgeForbidden, ForgeRefused
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.parse import Account, Member, account

_ACTIVE: Final = "active"
_BOT: Final = re.compile(r"(?:project|group)_\d+_bot\w*|service_account_\w+", re.ASCII)
"""The names that GitLab gives to the users of project and group access tokens, and to service accounts."""


def members_today(members: Iterable[Member], today: date) -> frozenset[str]:
    """Return the names of those who count: active, no bots by their names, and not expired.

    Args:
        members: of a group, inherited ones as well.
        today: in UTC. A membership ends at the beginning of the day that it names.
    """
    return frozenset(
        one.account.name
        for one in members
        if _may_be_person(one.account) and one.membership == _ACTIVE and (one.expires is None or one.expires > today)
    )


class TokenUsers:
    """Tells by asking GitLab whose a token is, of each once: it never changes hands."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, api: GitLabClient) -> str:
        """Return the name of the user that the token of `api` belongs to."""
        name = self._names.get(api.token.value)
        if name is None:
            name = self._names[api.token.value] = account(api.get("user")).name
        return name


class People:
    """Tells persons from bots by asking GitLab, each account once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[int, bool] = {}

    def is_person(self, api: GitLabClient, who: Account) -> bool:
        """Return whether `who` is active and no bot; whoever GitLab does not tell about is none."""
        if not _may_be_person(who):
            return False
        with self._lock:
            known = self._known.get(who.id)
        if known is None:
            known = _is_human(api, who.id)
            with self._lock:
                self._known[who.id] = known
        return known

    def named(self, api: GitLabClient, name: str) -> Account | None:
        """Return the user of that name; None when there is none, or it is not active, or a bot."""
        found = (account(one) for one in api.list("users", query={"username": name}))
        return next((one for one in found if one.name == name and self.is_person(api, one)), None)


def _may_be_person(who: Account) -> bool:
    return who.state == _ACTIVE and not who.is_bot and _BOT.fullmatch(who.name) is None


def _is_human(api: GitLabClient, number: int) -> bool:
    try:
        return account(api.get("users", str(number))).is_bot is False
    except (ForgeForbidden, ForgeRefused):
        return False

"""`rules:if` of GitLab CI, decided as far as it can be from a file: true, false, or not known (None).

The grammar is that of GitLab's documentation, 'CI/CD variable expressions' in `ci/jobs/job_rules.md`: comparisons with
`==`, `!=`, `=~`, `!~`, a variable alone, `&&` before `||`, parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from tidegate.errors.manifest import InvalidRegexp
from tidegate.flux.go_regexp import GoRegexp


class Given(Enum):
    """What is known of a variable besides its value."""

    SOMETHING = "set, to something"
    UNKNOWN = "not known"


Value: TypeAlias = str | Given | None
"""None: the variable does not exist, or the word `null`."""

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<mark>\|\||&&|==|!=|=~|!~|\(|\))
    | \$\{?(?P<name>\w+)\}?
    | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
    | /(?P<regex>(?:\\.|[^/\\])*)/(?P<flags>[a-z]*)
    | (?P<null>null)\b
    )""",
    re.VERBOSE | re.ASCII,
)
_DEEPEST: Final = 50


def decide(condition: str, variables: Mapping[str, Value]) -> bool | None:
    """Return whether `condition` holds; None when the file does not tell.

    Args:
        condition: the text of `if:`.
        variables: what is known; a variable that is not in it is `Given.UNKNOWN`.
    """
    tokens = _tokens(condition)
    if tokens is None:
        return None
    reader = _Reader(tokens, variables)
    try:
        answer = reader.either(0)
    except _NotUnderstood:
        return None
    return answer if reader.ended else None


class _NotUnderstood(Exception):
    """The text is not of the grammar."""


def _tokens(text: str) -> list[re.Match[str]] | None:
    found, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        found.append(match)
        position = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, tokens: list[re.Match[str]], variables: Mapping[str, Value]) -> None:
        self._tokens = tokens
        self._variables = variables
        self._next = 0

    @property
    def ended(self) -> bool:
        """Whether everything was read."""
        return self._next == len(self._tokens)

    def either(self, depth: int) -> bool | None:
        """Read alternatives: true when one is, false when all are."""
        answers = [self._both(depth)]
        while self._takes("||"):
            answers.append(self._both(depth))
        return True if True in answers else None if None in answers else False

    def _both(self, depth: int) -> bool | None:
        answers = [self._one(depth)]
        while self._takes("&&"):
            answers.append(self._one(depth))
        return False if False in answers else None if None in answers else True

    def _one(self, depth: int) -> bool | None:
        if self._takes("("):
            if depth > _DEEPEST:
                raise _NotUnderstood
            answer = self.either(depth + 1)
            if not self._takes(")"):
                raise _NotUnderstood
            return answer
        left = self._value()
        for mark in ("==", "!=", "=~", "!~"):
            if self._takes(mark):
                answer = _equal(left, self._value()) if mark[1] == "=" else self._matches(left)
                return answer if mark[0] == "=" or answer is None else not answer
        return None if left is Given.UNKNOWN else bool(left)

    def _matches(self, value: Value) -> bool | None:
        token = self._token()
        if token["regex"] is None or isinstance(value, Given):
            return None
        if value is None:
            return False
        try:
            expression = GoRegexp(f"(?i){token['regex']}" if "i" in token["flags"] else token["regex"])
        except InvalidRegexp:
            return None
        return expression.search(value) is not None

    def _value(self) -> Value:
        token = self._token()
        if token["name"] is not None:
            return self._variables.get(token["name"], Given.UNKNOWN)
        if token["null"] is not None:
            return None
        text = token["double"] if token["double"] is not None else token["single"]
        if text is None:
            raise _NotUnderstood
        return text

    def _token(self) -> re.Match[str]:
        if self.ended:
            raise _NotUnderstood
        self._next += 1
        return self._tokens[self._next - 1]

    def _takes(self, mark: str) -> bool:
        if self.ended or self._tokens[self._next]["mark"] != mark:
            return False
        self._next += 1
        return True


def _equal(left: Value, right: Value) -> bool | None:
    if Given.UNKNOWN in {left, right}:
        return None
    if Given.SOMETHING in {left, right}:
        other = right if left is Given.SOMETHING else left
        return None if other else False  # it is neither empty nor missing; which text it is, is not known
    return left == right

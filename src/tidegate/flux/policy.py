"""The three policies of an ImagePolicy, as image-reflector-controller `internal/policy/*.go` has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tidegate.errors.manifest import InvalidPolicy
from tidegate.errors.model import InvalidConstraint
from tidegate.flux.go_float import parse_float
from tidegate.flux.outcome import Failure, Outcome, SelectionError
from tidegate.model.constraint import Constraint
from tidegate.model.version import Precedence, flux_precedence


class Policy(Protocol):
    """Which of some values is the latest."""

    def latest(self, values: Iterable[str]) -> str | SelectionError:
        """Return the latest of `values` (at least one), or why there is none. Ties go by the order of `values`."""
        ...

    def explain(self, value: str, latest: str | None) -> tuple[Outcome, str]:
        """Return why `value` is not the latest, given that `latest` (None: nothing) is: the kind and one clause."""
        ...


@dataclass(frozen=True, slots=True)
class SemverPolicy:
    """The highest version inside a range; what is no version is passed over."""

    range: Constraint

    def latest(self, values: Iterable[str]) -> str | SelectionError:
        """Return the first of the highest versions in the range."""
        highest: Precedence = (-1, 0, 0, ())
        latest: str | None = None
        for value in values:
            version = flux_precedence(value)
            if version is not None and version > highest and self.range.admits(version):
                highest, latest = version, value
        if latest is None:
            return SelectionError(Failure.NO_MATCH, f"no tag is a version in the range {self.range}")
        return latest

    def explain(self, value: str, latest: str | None) -> tuple[Outcome, str]:
        """Return why `value` is not the latest."""
        version = flux_precedence(value)
        if version is None:
            return Outcome.NOT_A_VERSION, "Flux reads no version in it: it wants three numbers with dots between"
        if not self.range.admits(version):
            if self.range.admits(version, include_prerelease=True):
                return Outcome.PRERELEASE, f"a pre-release, and the range {self.range} names none"
            return Outcome.OUTSIDE_RANGE, f"outside the range {self.range}"
        if latest is not None and version == flux_precedence(latest):
            return Outcome.EQUAL, f"the same version as {latest}, which comes first in Flux's order"
        return Outcome.LOWER, f"in the range, and lower than {latest}"


@dataclass(frozen=True, slots=True)
class AlphabeticalPolicy:
    """The last value in the order of bytes, or the first with `descending`."""

    descending: bool

    def latest(self, values: Iterable[str]) -> str | SelectionError:
        """Return the last value in the policy's order."""
        return min(values) if self.descending else max(values)

    def explain(self, value: str, latest: str | None) -> tuple[Outcome, str]:
        """Return why `value` is not the latest."""
        if value == latest:
            return Outcome.EQUAL, f"the same as {latest}"
        return Outcome.LOWER, f"comes before {latest} in {_order(self.descending)} alphabetical order"


@dataclass(frozen=True, slots=True)
class NumericalPolicy:
    """The greatest number, or the smallest with `descending`; anything that is no number fails the policy."""

    descending: bool

    def latest(self, values: Iterable[str]) -> str | SelectionError:
        """Return the last of the values that no other one beats; each is compared with the best so far, also a NaN."""
        latest, best = "", math.nan
        for value in values:
            number = parse_float(value)
            if number is None:
                return SelectionError(Failure.NOT_A_NUMBER, f"{value!r} is no number, which fails a numerical policy")
            if not (number > best if self.descending else number < best):
                latest, best = value, number
        return latest

    def explain(self, value: str, latest: str | None) -> tuple[Outcome, str]:
        """Return why `value` is not the latest."""
        number = parse_float(value)
        if number is None:
            return Outcome.NOT_A_NUMBER, "no number, which fails a numerical policy"
        if latest is None:
            return Outcome.STALLED, "a number, but another tag fails the policy"
        if number == parse_float(latest):
            return Outcome.EQUAL, f"the same number as {latest}, which comes last in Flux's order"
        return Outcome.LOWER, f"comes before {latest} in {_order(self.descending)} numerical order"


def read_policy(spec: Mapping[str, object]) -> Policy:
    """Return the policy of an ImagePolicy's `.spec`; of several, semver before alphabetical before numerical.

    Raises:
        InvalidPolicy: none is set, the range does not parse, the order is unknown, or a value has a wrong type.
    """
    choice = read_mapping(spec, "policy") or {}
    if (semver := read_mapping(choice, "semver")) is not None:
        text = read_text(semver, "range")
        try:
            return SemverPolicy(Constraint.parse(text))
        except InvalidConstraint as error:
            raise InvalidPolicy(f"policy.semver.range: {error.what}", hint=error.hint) from error
    if (alphabetical := read_mapping(choice, "alphabetical")) is not None:
        return AlphabeticalPolicy(_read_order(alphabetical))
    if (numerical := read_mapping(choice, "numerical")) is not None:
        return NumericalPolicy(_read_order(numerical))
    raise InvalidPolicy(
        "the ImagePolicy sets no policy", hint="set policy.semver, policy.alphabetical or policy.numerical"
    )


def read_mapping(mapping: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    """Return the mapping at `name` of foreign data; None when it is missing or null.

    Raises:
        InvalidPolicy: it is something else.
    """
    value = mapping.get(name)
    if value is None or isinstance(value, Mapping):
        return value
    raise InvalidPolicy(f"{name} must be a mapping")


def read_text(mapping: Mapping[str, object], name: str) -> str:
    """Return the text at `name` of foreign data; "" when it is missing or null.

    Raises:
        InvalidPolicy: it is something else.
    """
    value = mapping.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise InvalidPolicy(f"{name} must be text", hint=f"put the value of {name} in quotes")


def _read_order(policy: Mapping[str, object]) -> bool:
    order = (read_text(policy, "order") or "asc").upper()
    if order not in {"ASC", "DESC"}:
        raise InvalidPolicy(f"order {order[:20]!r} is not known", hint="write asc or desc")
    return order == "DESC"


def _order(descending: bool) -> str:  # noqa: FBT001 - private, one argument
    return "descending" if descending else "ascending"

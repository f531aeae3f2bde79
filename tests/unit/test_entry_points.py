"""The entry points that other programs use: their names, arguments and what they answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from tidegate.errors.model import InvalidConstraint
from tidegate.flux import Selection, select_tag
from tidegate.model import Constraint, Version


@pytest.mark.parametrize(
    ("entry", "signature"),
    [
        (Version.parse, "(text: 'str') -> 'Version'"),
        (Version.parse_strict, "(text: 'str') -> 'Version'"),
        (Version.parse_flux, "(text: 'str') -> 'Version'"),
        (Constraint.parse, "(text: 'str') -> 'Constraint'"),
        (Constraint.allows, "(self, version: 'Version', include_prerelease: 'bool' = False) -> 'bool'"),
        (
            select_tag,
            (
                "(spec: 'Mapping[str, object]', tags: 'Iterable[str]', *,"
                " exclusion_list: 'Sequence[str] | None' = None) -> 'Selection'"
            ),
        ),
    ],
)
def test_signatures_stay(entry: Callable[..., object], signature: str) -> None:
    assert str(inspect.signature(entry)) == signature
    assert entry.__doc__
    assert "Raises:" in entry.__doc__ or "nothing is raised" in entry.__doc__ or entry is Constraint.allows


def test_what_they_answer() -> None:
    assert str(Version.parse("v1.2")) == "v1.2"
    assert Constraint.parse("^1.2").allows(Version.parse("1.3.0"))
    assert not Constraint.parse("^1.2").allows(Version.parse("1.3.0-rc.1"))
    assert Constraint.parse("^1.2").allows(Version.parse("1.3.0-rc.1"), include_prerelease=True)
    with pytest.raises(InvalidConstraint):
        Constraint.parse("=>>1")
    selection = select_tag({"policy": {"semver": {"range": "1.0.x"}}}, iter(["1.0.1", "1.1.0", "1.0.2.sig"]))
    assert isinstance(selection, Selection)
    assert (selection.tag, selection.error) == ("1.0.1", None)
    assert {each.tag for each in selection.explain()} == {"1.0.1", "1.1.0", "1.0.2.sig"}

"""One place by whatever name people give it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places of three accounts, relative to `tmp_path`."""
    accounts = {
        "dev": RegistryAccount("dev", "dev.example", f"oci-layout:{tmp_path}/registries/dev"),
        "e2e": RegistryAccount("e2e", "e2e.example", "http://127.0.0.1:5102"),
        "prd": RegistryAccount("prd", "prd.example"),
    }
    return Places(RegistryImages(AnyAccounts(accounts), environment={}, home=tmp_path), accounts, tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dev:team/app:1", "dev.example/team/app"),
        ("dev:team/app", "oci-layout:registries/dev/team/app:1.0"),
        ("dev:team/app", "oci-layout:./registries/../registries/dev/team/app"),
        ("e2e:app:1", "127.0.0.1:5102/app"),
        ("e2e.example/app", "localhost:5102/app:2"),
        ("prd:app", "prd.example:443/app"),
    ],
)
def test_names_of_one_place(places: Places, one: str, other: str) -> None:
    assert places.location(one) == places.location(other)


@pytest.mark.parametrize("other", ["dev:app", "e2e:ap", "127.0.0.1:5103/app", "other.example:5102/app", "prd:app"])
def test_names_of_different_places(places: Places, other: str) -> None:
    assert places.location("e2e:app") != places.location(other)

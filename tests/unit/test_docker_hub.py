"""Docker Hub: docker.io, index.docker.io and registry-1.docker.io are one registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import tidegate
from support.configs import SMALL, load_text
from tidegate.errors.config import ConfigInvalid
from tidegate.model.image import ImageRef
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.endpoint import locate
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts


@pytest.mark.parametrize("other", ["docker.io", "index.docker.io", "registry-1.docker.io", "Index.Docker.IO"])
def test_it_is_one_account_and_one_registry(tmp_path: Path, other: str) -> None:
    hub = RegistryAccount("hub", "index.docker.io", requests=2)
    accounts = AnyAccounts({"hub": hub})
    assert accounts[other] is hub
    with RegistryImages(accounts, environment={}, home=tmp_path) as images:
        assert images.registry(other) is images.registry("docker.io")
    assert AnyAccounts({})[other] == RegistryAccount("docker.io", "docker.io")


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_an_account_is_what_manifests_call_it(tmp_path: Path, host: str) -> None:
    pipeline = load_text(tmp_path, SMALL.replace("prd.example", host)).pipeline
    registry = pipeline.registries["prd"]
    for written in ("team/app", "docker.io/team/app", "index.docker.io/team/app", "registry-1.docker.io/team/app"):
        assert ImageRef.parse(written).host == registry.host
    assert locate(registry) == "https://registry-1.docker.io"


def test_two_accounts_are_not_told_apart_by_its_names(tmp_path: Path) -> None:
    text = SMALL.replace("prd: {host: prd.example", "other: {host: docker.io}\n  prd: {host: index.docker.io")
    with pytest.raises(ConfigInvalid) as caught:
        load_text(tmp_path, text)
    assert [finding.what for finding in caught.value.findings] == ["index.docker.io is the host of other, too"]


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "registry-1.docker.io"])
@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"])
def test_its_login_is_found_by_all_its_names(tmp_path: Path, name: str, key: str) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {key: {"username": "robot", "password": "s3cret-word"}}})
    )
    ended = tidegate("-C", tmp_path, "auth", "status", name, "-o", "json", environ={"DOCKER_CONFIG": str(tmp_path)})
    (found,) = json.loads(ended.out)["registries"]
    assert (found["host"], found["at"], found["username"]) == ("docker.io", "https://registry-1.docker.io", "robot")

"""Whose certificates are believed: the system's, and for one registry those that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.scripted_http import CERTIFICATES, Reply, ScriptedServer, by_line
from tidegate.errors.http import ServerNotTrusted
from tidegate.http import Retry
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages

TAGS = {"GET /v2/app/tags/list?n=1000": Reply(200, b'{"tags":["1.0.0"]}')}


def _images(url: str, home: Path, environment: dict[str, str], **ca_files: Path | None) -> RegistryImages:
    accounts = {name: RegistryAccount(name, name, endpoint=url, ca_file=ca_file) for name, ca_file in ca_files.items()}
    return RegistryImages(accounts, environment=environment, home=home, retry=Retry(attempts=1))


def test_an_authority_vouches_for_the_registry_that_names_it_alone(tmp_path: Path) -> None:
    with (
        ScriptedServer(by_line(TAGS), tls=True) as server,
        _images(server.url, tmp_path, {}, ours=CERTIFICATES / "ca.pem", other=None) as images,
    ):
        assert images.tags("ours", "app") == ("1.0.0",)
        with pytest.raises(ServerNotTrusted):
            images.tags("other", "app")


def test_the_environments_authority_vouches_for_all_that_name_none(tmp_path: Path) -> None:
    environment = {"SSL_CERT_FILE": str(CERTIFICATES / "ca.pem")}
    with (
        ScriptedServer(by_line(TAGS), tls=True) as server,
        _images(server.url, tmp_path, environment, other=None, lost=tmp_path / "nowhere.pem") as images,
    ):
        assert images.tags("other", "app") == ("1.0.0",)
        with pytest.raises(ServerNotTrusted, match="No such file") as caught:
            images.tags("lost", "app")
        assert caught.value.where == str(tmp_path / "nowhere.pem")
        assert "ca_file" in (caught.value.hint or "")

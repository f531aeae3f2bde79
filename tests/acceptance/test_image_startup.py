"""What `tidegate image copy` and `image tag` import. One call takes milliseconds, and most of these are imports.

Each name here was measured. To import one of these again may be right: then that is decided here, and not by accident.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import tidegate
from support.docker_registry import DockerRegistry
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.testing.images import build_image

UNNEEDED = frozenset(
    {
        *("asyncio", "base64", "concurrent.futures", "email", "http.client", "logging", "random", "shutil", "ssl"),
        *("struct", "subprocess", "tempfile", "pydantic", "rich", "yaml"),
        "tidegate.config",
        *("tidegate.cli.failures", "tidegate.errors.place"),  # of what goes wrong
        *("tidegate.cli.report", "tidegate.cli.image.events", "tidegate.cli.image.pairs"),  # JSON, lists
        *("tidegate.model.registry_identity", "tidegate.model.repository_settings", "tidegate.registry.auth.sources"),
        *("tidegate.registry.auth.challenge", "tidegate.registry.auth.tokens"),  # of registries that ask who we are
        *("tidegate.model.ecr", "tidegate.registry.ecr", "tidegate.registry.layout.registry"),
        "tidegate.registry.read_once",
        "tidegate.ports.registry",
    }
)
NOT_TO_FIND_NOTHING_TO_DO = frozenset({"json", "tidegate.registry.remote.pages"})
NOT_TO_TAG = NOT_TO_FIND_NOTHING_TO_DO | {
    *("queue", "tidegate.registry.batch", "tidegate.registry.copy.blobs", "tidegate.registry.copy.copier"),
    *("tidegate.registry.referrers", "tidegate.model.referrers"),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host of a registry that has `app:1`."""
    folder = tmp_path_factory.mktemp("startup")
    build_image("app", layers=1).push(LayoutFolder(folder / "build"), "", "1")
    with DockerRegistry(folder / "registry") as registry:
        assert tidegate("-C", folder, "image", "copy", "oci-layout:build:1", f"{registry.host}/app:1").code == 0
        yield registry.host


def imported(folder: Path, *arguments: str) -> set[str]:
    """Return what is imported when a call of `tidegate image` has ended."""
    code = f"import sys; from tidegate.cli.frame import run; assert run({['-q', 'image', *arguments]}, {{}}) == 0; "
    code += "print(*sys.modules, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=folder)
    return set(ended.stdout.split())


def test_a_copy_imports_what_it_needs(host: str, tmp_path: Path) -> None:
    copy = ("copy", f"{host}/app:1", f"{host}/copied:1")
    first, second = imported(tmp_path, *copy), imported(tmp_path, *copy)
    assert {"tidegate.registry.copy.blobs", "json"} <= first
    assert first & UNNEEDED == set()
    assert second & (UNNEEDED | NOT_TO_FIND_NOTHING_TO_DO) == set()


def test_a_retag_imports_what_it_needs(host: str, tmp_path: Path) -> None:
    loaded = imported(tmp_path, "tag", f"{host}/app:1", "2")
    assert "tidegate.registry.retag" in loaded
    assert loaded & (UNNEEDED | NOT_TO_TAG) == set()

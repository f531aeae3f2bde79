"""What a run has seen of the blobs at a registry: it is not asked for again, and brought again when it is lost."""

from __future__ import annotations

from dataclasses import replace

from tidegate.http import Retry
from tidegate.registry.copy import Copier
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "team/inventory"


def _home() -> Home:
    return Home(FakeRegistry(), "dev", REPOSITORY)


def test_a_blob_that_a_run_has_seen_is_mounted_or_not_even_asked_for() -> None:
    copier = Copier(Retry(sleep=lambda _seconds: None))
    source, target = _home(), _home()
    image = build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    first = copier.copy(source, "1.0.0", target, "1.0.0")
    target.registry.calls.clear()  # type: ignore[attr-defined]
    source.registry.calls.clear()  # type: ignore[attr-defined]
    elsewhere = copier.copy(source, "1.0.0", replace(target, repository="elsewhere"), "1.0.0")
    again = copier.copy(source, "1.0.0", target, "again")
    assert (first.blobs_sent, elsewhere.blobs_sent, again.blobs_sent) == (3, 0, 0)
    assert not [call for call in source.registry.calls if "blob" in call]  # type: ignore[attr-defined]
    blobs = [call for call in target.registry.calls if "blob" in call]  # type: ignore[attr-defined]
    assert [call.split()[:2] for call in blobs] == [["mount_blob", "elsewhere"]] * 3


def test_a_registry_that_has_lost_blobs_since_gets_them_again() -> None:
    copier = Copier(Retry(sleep=lambda _seconds: None))
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    copier.copy(source, "1.0.0", target, "1.0.0")
    target.registry.delete(REPOSITORY, str(image.digest))
    target.registry._blobs[REPOSITORY].clear()  # type: ignore[attr-defined]
    assert copier.copy(source, "1.0.0", target, "1.0.0").blobs_sent == 3

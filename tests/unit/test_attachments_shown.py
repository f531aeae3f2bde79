"""What is attached to an image has a word."""

from __future__ import annotations

import pytest

from support.cell_world import node
from tidegate.engine.views.cell_detail import ImageSeen
from tidegate.model import ImageRef
from tidegate.server.pages.image_view import attached_as, image_view


@pytest.mark.parametrize(
    ("predicates", "word"),
    [
        (("https://slsa.dev/provenance/v1",), "provenance"),
        (("https://slsa.dev/provenance/v0.2", "https://spdx.dev/Document"), "provenance and SBOM"),
        (("https://cosign.sigstore.dev/attestation/vuln/v1",), "vulnerability report"),
        (("https://example.com/ours",), "attestation"),
    ],
)
def test_what_is_attested_has_a_word(predicates: tuple[str, ...], word: str) -> None:
    wrapped = node("x", artifact_type="application/vnd.dev.sigstore.bundle.v0.3+json", predicates=predicates)
    assert attached_as(wrapped) == word


def test_attestations_in_an_index_are_attached_and_no_platform() -> None:
    attested = node("a", predicates=("https://slsa.dev/provenance/v1",))
    root = node("i", children=(node("p", platform="linux/amd64"), attested))
    shown = image_view(ImageSeen("has", ImageRef("dev.example", "x", "1", root.manifest.digest), root))
    assert shown.platforms == ("linux/amd64",)
    assert shown.attached == (("provenance", str(attested.manifest.digest)),)


@pytest.mark.parametrize(
    ("artifact_type", "tag", "word"),
    [
        ("application/vnd.dev.sigstore.bundle.v0.3+json", None, "signature"),
        ("application/vnd.cyclonedx+json", None, "SBOM"),
        (None, "sha256-0.att", "attestation"),
        ("application/vnd.example.thing", None, "application/vnd.example.thing"),
        (None, None, "artifact"),
    ],
)
def test_what_is_attached_has_a_word(artifact_type: str | None, tag: str | None, word: str) -> None:
    assert attached_as(node("x", artifact_type=artifact_type, tag=tag)) == word

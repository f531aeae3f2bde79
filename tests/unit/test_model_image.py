"""ImageRef: what github.com/distribution/reference takes and how it normalises, case by case."""

import pytest

from tidegate.errors.model import InvalidImageRef
from tidegate.model import Digest, ImageRef

SHA = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", None, None),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
        ("grafana/loki:3", "docker.io", "grafana/loki", "3", None),
        ("docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("index.docker.io/grafana/loki", "docker.io", "grafana/loki", None, None),
        ("registry-1.docker.io/library/nginx:1", "docker.io", "library/nginx", "1", None),
        ("Index.Docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("localhost/app", "localhost", "app", None, None),
        ("host:5000", "docker.io", "library/host", "5000", None),
        ("host:5000/app", "host:5000", "app", None, None),
        ("127.0.0.1:5000/team/app:1.0.0", "127.0.0.1:5000", "team/app", "1.0.0", None),
        ("[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000", "app", "1", None),
        ("[::1]/app", "[::1]", "app", None, None),
        ("Registry/app", "Registry", "app", None, None),
        ("ghcr.io/a_b/c__d/e-f---g/h.i:V1_x", "ghcr.io", "a_b/c__d/e-f---g/h.i", "V1_x", None),
        (f"ghcr.io/app@{SHA}", "ghcr.io", "app", None, SHA),
        (f"ghcr.io/app:1.0.0@{SHA}", "ghcr.io", "app", "1.0.0", SHA),
    ],
)
def test_a_reference_is_read_in_its_parts(
    text: str, host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    parsed = Digest.parse(digest) if digest else None
    assert ImageRef.parse(text) == ImageRef(host, repository, tag, parsed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/app",
        "ghcr.io/",
        "NGINX",
        "ghcr.io/App",
        "ghcr.io/a..b",
        "ghcr.io/a___b",
        "ghcr.io/-a",
        "ghcr.io/a//b",
        "ghcr.io/app:",
        "ghcr.io/app:.dot",
        f"ghcr.io/app:{'t' * 129}",
        "ghcr.io/app@sha256:short",
        f"ghcr.io/app@{SHA}@{SHA}",
        "ghcr.io/app:1\n",
        "ghcr.io/app:1 ",
        "gh_cr.io/app",
        "https://ghcr.io/app",
        "-ghcr.io/app",
        "[::1/app",
        "ghcr.io/\u0430pp",
    ],
)
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidImageRef) as caught:
        ImageRef.parse(text)
    assert caught.value.hint
    assert "library/" not in caught.value.what, "it was not written"


def test_a_repository_has_at_most_255_characters() -> None:
    assert ImageRef.parse(f"ghcr.io/{'a' * 255}").repository == "a" * 255
    with pytest.raises(InvalidImageRef):
        ImageRef.parse(f"ghcr.io/{'a' * 256}")


def test_a_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidImageRef, match="1025 characters"):
        ImageRef.parse("a" * 1025)


def test_another_tag_is_another_image() -> None:
    pinned = ImageRef.parse(f"ghcr.io/app:1@{SHA}")
    assert str(pinned.with_tag("2")) == "ghcr.io/app:2"
    assert str(pinned.with_tag("2").with_digest(Digest.parse(SHA))) == f"ghcr.io/app:2@{SHA}"

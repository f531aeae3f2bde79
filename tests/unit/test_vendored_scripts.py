"""Other people's scripts are the very bytes of their npm packages."""

from __future__ import annotations

from hashlib import sha256
from importlib import resources

VENDOR = resources.files("tidegate.server") / "static" / "vendor"
HASHES = {
    "htmx-2.0.11.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "htmx-ext-sse-2.2.4.min.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}


def test_every_script_is_as_it_was_published() -> None:
    found = {each.name: sha256(each.read_bytes()).hexdigest() for each in VENDOR.iterdir() if each.name.endswith(".js")}
    assert found == HASHES


def test_every_script_has_its_licence_and_its_origin_beside_it() -> None:
    names = {each.name for each in VENDOR.iterdir()}
    table = (VENDOR / "README.md").read_text()
    for name in HASHES:
        assert name.replace(".min.js", ".LICENSE") in names
        assert f"`{name}`" in table

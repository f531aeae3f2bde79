"""A small, valid tidegate.yaml, and the way to load a text as one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tidegate.config import Configuration, load

SMALL = """\
version: 1
forge: {type: local, path: ./forge, groups: {ops: [alice, bob]}}
registries:
  dev: {host: dev.example, endpoint: "oci-layout:./registries/dev"}
  prd: {host: prd.example}
environments:
  dev: {registry: dev, repo: platform/gitops, path: "clusters/dev/{service}", deploy: auto}
  live: {from: dev, registry: prd, repo: platform/live, path: "apps/{service}", approvals: {from: ["group:ops"]}}
services:
  inventory: {image: team/inventory}
"""


def load_text(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> Configuration:
    """Write `text` as `folder`/tidegate.yaml and load it."""
    data = text.encode() if isinstance(text, str) else text
    (folder / "tidegate.yaml").write_bytes(data)
    return load(folder, file=None, environ=environ or {})

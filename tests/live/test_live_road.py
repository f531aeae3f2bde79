"""The whole road on a real GitLab. `make live` says what is needed; docs/how-to/live-gitlab.md has the details."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.gitlab_road import VERSION, arrived, to_e2e, to_production, to_staging, to_staging_by_hand
from support.live_gitlab import live_road


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_the_whole_road(tmp_path: Path, rewrite: str) -> None:
    with live_road(tmp_path / "world") as road:
        road.configure(rewrite)
        digest = road.images.build(VERSION)
        road.declare_dev(VERSION)
        to_e2e(road, digest)
        if rewrite == "on-open":
            to_staging(road, digest)
        else:
            to_staging_by_hand(road, digest)
        to_production(road, digest)
        arrived(road, digest)

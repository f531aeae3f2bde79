"""How many requests at once each kind of registry gets in the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from support.remote_registry import BLOB
from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages

ECR: Final = "111111111111.dkr.ecr.eu-west-2.amazonaws.com"


class _Crowd:
    """Answers nobody before `wanted` are there, and one more has not come for a moment."""

    def __init__(self) -> None:
        self.wanted = 1
        self.most = 0
        self._here = 0
        self._changed = threading.Condition()

    def __call__(self, _: Received) -> Reply:
        with self._changed:
            self._here += 1
            self.most = max(self.most, self._here)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self.wanted, 10)
            self._changed.wait_for(lambda: self.most > self.wanted, 0 if self.wanted == 1 else 0.1)
            self._here -= 1
        return Reply(200)


@pytest.mark.parametrize(
    ("host", "configured", "most"),
    [(ECR, None, 10), ("public.ecr.aws", None, 2), ("registry.example.com", None, 32), (ECR, 3, 3)],
)
def test_how_many_requests_a_registry_gets_at_once(
    tmp_path: Path, host: str, configured: int | None, most: int
) -> None:
    crowd = _Crowd()
    with ScriptedServer(crowd) as server:
        account = RegistryAccount("prd", host, server.url, requests=configured)
        with RegistryImages({host: account}, environment={}, home=tmp_path) as images, ThreadPoolExecutor(40) as pool:
            registry = images.registry(host)
            for _ in range(most):  # each answer lets one more go
                assert registry.has_blob("app", BLOB)
            crowd.wanted = most
            assert all(pool.map(lambda _: registry.has_blob("app", BLOB), range(40)))
    assert crowd.most == most

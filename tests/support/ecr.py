"""ECR on this machine: moto plays its API in this process, a real docker-registry keeps the data.

Between them and the client stands a front that does what ECR does and docker-registry does not: Basic authentication
with the API's token, no repository that the API has not made, tags that do not move.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from support.docker_registry import DockerRegistry
from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.model.manifest import MANIFEST_TYPES

REGION: Final = "eu-west-2"
ACCOUNT: Final = "123456789012"
"""Whose keys the environment has, as moto sees it."""
_PATH: Final = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>blobs|manifests|tags|referrers)/(?P<rest>[^?]*).*")


@dataclass
class Ecr:
    """An ECR account. `requests` of its front are in `server`.

    Args:
        account: its 12 digits.
        registry: where the data are.
        api: boto3's client of it.
        tokens: the passwords that are accepted; each GetAuthorizationToken adds one.
        given: how many tokens were given.
    """

    account: str
    registry: DockerRegistry
    api: Any
    server: ScriptedServer = field(init=False)
    tokens: set[str] = field(default_factory=set)
    given: int = 0

    @property
    def host(self) -> str:
        """The host in image references."""
        return f"{self.account}.dkr.ecr.{REGION}.amazonaws.com"

    def repository(self, name: str) -> dict[str, Any] | None:
        """Return what the API says of a repository, or None."""
        try:
            found: dict[str, Any] = self.api.describe_repositories(repositoryNames=[name])["repositories"][0]
        except self.api.exceptions.RepositoryNotFoundException:
            return None
        return found

    def tags(self, name: str) -> dict[str, str]:
        """Return the resource tags of a repository."""
        arn = (self.repository(name) or {})["repositoryArn"]
        return {tag["Key"]: tag["Value"] for tag in self.api.list_tags_for_resource(resourceArn=arn)["tags"]}

    def answer(self, request: Received) -> Reply:
        """Answer as ECR does."""
        fields = {name.lower(): value for name, value in request.fields.items()}
        if fields.get("authorization", "").removeprefix("Basic ") not in self.tokens:
            challenge = f'Basic realm="https://{self.host}/",service="ecr.amazonaws.com"'
            return Reply(401, b"Not Authorized\n", {"WWW-Authenticate": challenge, "Content-Type": "text/plain"})
        match = _PATH.fullmatch(request.path)
        known = self.repository(match["repository"]) if match else {}
        if match and known is None:
            what = f"The repository with name '{match['repository']}' does not exist in the registry"
            return _error(404, "NAME_UNKNOWN", f"{what} with id '{self.account}'")
        if match and known and request.method == "PUT" and match["kind"] == "manifests":
            tag = match["rest"]
            if known["imageTagMutability"] == "IMMUTABLE" and ":" not in tag and self._forward("HEAD", request) == 200:
                what = f"The image tag '{tag}' already exists in the '{match['repository']}' repository"
                return _error(400, "TAG_INVALID", f"{what} and cannot be overwritten because the tag is immutable.")
        return self._pass(request)

    def give_token(self, account: str) -> str:
        """Return what GetAuthorizationToken gives to `account`: `AWS:PASSWORD` in base64."""
        self.given += 1
        token = base64.b64encode(f"AWS:{account}-{self.given}".encode()).decode()
        self.tokens.add(token)
        return token

    def _forward(self, method: str, request: Received) -> int:
        return self._pass(Received(method, request.path, {"Accept": ", ".join(MANIFEST_TYPES)}, b"")).status

    def _pass(self, request: Received) -> Reply:
        connection = http.client.HTTPConnection(self.registry.host, timeout=30)
        try:
            fields = {name: value for name, value in request.fields.items() if name != "Authorization"}
            connection.request(request.method, request.path, request.body, fields)
            response = connection.getresponse()
            body = response.read()
            kept = {name: value for name, value in response.headers.items() if name not in {"Date", "Content-Length"}}
            if request.method == "HEAD":
                kept["Content-Length"] = response.headers.get("Content-Length", "0")
            return Reply(response.status, body, kept)
        finally:
            connection.close()


@contextmanager
def ecr(folder: Path, monkeypatch: pytest.MonkeyPatch, account: str = ACCOUNT) -> Iterator[Ecr]:
    """Give an ECR account whose API and data are on this machine; AWS's own configuration is out of reach."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws(), DockerRegistry(folder / "registry") as registry:
        found = Ecr(account, registry, boto3.client("ecr", region_name=REGION))

        def token(self: ECRResponse) -> ActionResult:
            ends = datetime.now(UTC) + timedelta(hours=12)  # moto's own are over since 2015
            entry = {"authorizationToken": found.give_token(self.current_account), "expiresAt": ends}
            return ActionResult({"authorizationData": [entry]})

        monkeypatch.setattr(ECRResponse, "get_authorization_token", token)
        with ScriptedServer(found.answer) as server:
            found.server = server
            yield found


def _error(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8"})

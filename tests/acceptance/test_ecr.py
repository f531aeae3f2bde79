"""ECR: AWS's own credentials, repositories that are made, tags that do not move."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.ecr.models import ECRBackend

from support.cli import Ended, tidegate
from support.ecr import ACCOUNT, REGION, Ecr, ecr
from support.scripted_http import Received, Reply
from support.secrets import assert_unseen
from tidegate.errors.aws import AwsBusy, AwsCredentialsUnusable, AwsDenied, AwsExtraMissing
from tidegate.errors.registry import CredentialsUnreadable, RepositoryMissing, TagExists
from tidegate.http import Client, Origin, Retry
from tidegate.model import AwsIdentity, Encryption, ImageRef, RegistryAccount, RepositorySettings
from tidegate.model.ecr import EcrHost
from tidegate.registry.auth import aws as aws_module
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.sources import CredentialStore
from tidegate.registry.images import RegistryImages
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.testing.images import build_image

Call = tuple[str, dict[str, object]]

OTHER = "333333333333"
ROLE = f"arn:aws:iam::{OTHER}:role/tidegate"
SETTINGS = RepositorySettings(
    {"team": "platform", "cost center": "42"},
    scan_on_push=True,
    immutable_tags=True,
    encryption=Encryption.KMS,
    kms_key="alias/registry",
)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecr]:
    with ecr(tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What is asked of AWS."""
    asked: list[Call] = []
    original = boto3.Session.client

    def client(self: boto3.Session, name: str, **settings: object) -> object:
        made = original(self, name, **settings)
        made.meta.events.register(
            "provide-client-params", lambda params, model, **_: asked.append((model.name, dict(params)))
        )
        return made

    monkeypatch.setattr(boto3.Session, "client", client)
    return asked


def account_of(cloud: Ecr) -> RegistryAccount:
    return RegistryAccount("prd", cloud.host, cloud.server.url, create_repositories=True, repository=SETTINGS)


def images_of(account: RegistryAccount, folder: Path, source: RegistryAccount | None = None) -> RegistryImages:
    (folder / "dev").mkdir(exist_ok=True)
    accounts = {each.host: each for each in (account, source) if each}
    return RegistryImages(accounts, environment={}, home=folder, retry=Retry(attempts=2, first=0.01))


def test_a_copy_makes_the_missing_repository_as_configured(cloud: Ecr, tmp_path: Path, calls: list[Call]) -> None:
    source = RegistryAccount("dev", "dev.example", f"oci-layout:{tmp_path / 'dev'}")
    with images_of(account_of(cloud), tmp_path, source) as images:
        digest = build_image("a").push(images.registry("dev.example"), "team/app", "1.0.0")
        target = ImageRef(cloud.host, "team/app", "1.0.0")
        report = images.copy(ImageRef("dev.example", "team/app", digest=digest), target)
        assert (report.digest, report.adopted) == (digest, False)
        assert images.digest(target) == digest
        assert images.copy(ImageRef("dev.example", "team/app", digest=digest), target).adopted
    made = cloud.repository("team/app")
    assert made is not None
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": "alias/registry"}
    assert cloud.tags("team/app") == dict(SETTINGS.tags)
    assert [name for name, _ in calls].count("CreateRepository") == 1, "though four workers found it missing"


def test_a_repository_is_not_made_unless_that_is_configured(cloud: Ecr, tmp_path: Path) -> None:
    account = replace(account_of(cloud), create_repositories=False)
    with images_of(account, tmp_path) as images, pytest.raises(RepositoryMissing) as caught:
        build_image("a").push(images.registry(cloud.host), "app", "1.0.0")
    assert "create_repositories: true" in (caught.value.hint or "")
    assert cloud.repository("app") is None


def test_a_repository_that_someone_makes_meanwhile_is_as_good(cloud: Ecr, tmp_path: Path, calls: list[Call]) -> None:
    cloud.api.create_repository(repositoryName="app")
    repository = cloud.repository

    def late(name: str) -> dict[str, object] | None:
        return repository(name) if any(call == "CreateRepository" for call, _ in calls) else None

    cloud.repository = late  # type: ignore[method-assign]
    with images_of(account_of(cloud), tmp_path) as images:
        build_image("a").push(images.registry(cloud.host), "app", "1.0.0")
    made = repository("app")
    assert made is not None
    assert made["imageTagMutability"] == "MUTABLE", "what is there is not changed"


def test_a_role_whose_keys_are_old_is_taken_again(
    cloud: Ecr, tmp_path: Path, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, broken = ECRBackend.create_repository, [True]

    def create(self: ECRBackend, *arguments: object, **named: object) -> object:
        if broken.pop():
            raise ClientError({"Error": {"Code": "ExpiredTokenException", "Message": ""}}, "CreateRepository")
        return original(self, *arguments, **named)

    monkeypatch.setattr(ECRBackend, "create_repository", create)
    broken.insert(0, False)
    role = AwsIdentity(role_arn=ROLE.replace(OTHER, ACCOUNT))
    with images_of(replace(account_of(cloud), credentials=role), tmp_path) as images:
        build_image("a").push(images.registry(cloud.host), "app", "1.0.0")
    asked = [name for name, _ in calls if name in {"AssumeRole", "CreateRepository"}]
    assert asked == ["AssumeRole", "AssumeRole", "CreateRepository", "AssumeRole", "CreateRepository"]
    assert cloud.repository("app") is not None


def test_a_tag_that_does_not_move_is_adopted_when_it_has_the_digest(cloud: Ecr, tmp_path: Path) -> None:
    with images_of(account_of(cloud), tmp_path) as images:
        registry = images.registry(cloud.host)
        image = build_image("a")
        image.push(registry, "app", "1.0.0")
        registry.put_manifest("app", "1.0.0", image.root)
        other = build_image("b")
        other.push(registry, "app", "1.0.1")
        with pytest.raises(TagExists, match="TAG_INVALID"):
            registry.put_manifest("app", "1.0.0", other.root)
        assert images.digest(ImageRef(cloud.host, "app", "1.0.0")) == image.root.digest


def test_a_repository_that_can_not_be_made_says_why(
    cloud: Ecr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"Error": {"Code": "AccessDeniedException", "Message": "User: arn:… is not authorized\nto perform"}}

    def refuse(self: object, **_: object) -> None:
        del self
        raise ClientError(answer, "CreateRepository")

    monkeypatch.setattr("moto.ecr.models.ECRBackend.create_repository", refuse)
    with images_of(account_of(cloud), tmp_path) as images, pytest.raises(AwsDenied) as caught:
        build_image("a").push(images.registry(cloud.host), "app", "1.0.0")
    assert caught.value.what.endswith("to CreateRepository: User: arn:… is not authorized to perform")
    assert caught.value.where == f"registries.prd ({cloud.host})"


# Credentials


def find(account: RegistryAccount, folder: Path, environment: dict[str, str] | None = None) -> object:
    return CredentialStore(environment or {}, folder, now=lambda: 0.0).find(account, (account.host,))


def test_awss_own_chain_gives_a_token_that_ends(cloud: Ecr, tmp_path: Path) -> None:
    found = find(RegistryAccount("prd", cloud.host), tmp_path)
    assert (found.username, found.source) == ("AWS", "AWS: env")
    assert found.life is not None
    assert found.life > 3600
    assert find(RegistryAccount("hub", "registry.example.com"), tmp_path) is None


def test_docker_is_asked_before_awss_own_chain_and_gitlab_after_it(cloud: Ecr, tmp_path: Path) -> None:
    job = {"CI_REGISTRY": cloud.host, "CI_REGISTRY_USER": "job", "CI_REGISTRY_PASSWORD": "token"}
    docker = {**job, "DOCKER_CONFIG": str(tmp_path)}
    assert find(RegistryAccount("prd", cloud.host), tmp_path, docker).source == "AWS: env"
    (tmp_path / "config.json").write_text(f'{{"auths": {{"{cloud.host}": {{"auth": "QVdTOnB3"}}}}}}')
    found = find(RegistryAccount("prd", cloud.host), tmp_path, docker)
    assert (found.username, found.source) == ("AWS", str(tmp_path / "config.json"))


def test_nobody_there_is_no_error_unless_somebody_was_named(
    cloud: Ecr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:  # moto wants its variables back in the end
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
            patched.delenv(name, raising=False)
        assert find(RegistryAccount("prd", cloud.host), tmp_path) is None
        with pytest.raises(AwsCredentialsUnusable, match="finds no credentials"):
            find(RegistryAccount("prd", cloud.host, credentials=AwsIdentity(role_arn=ROLE)), tmp_path)
        with pytest.raises(AwsCredentialsUnusable, match="no profile nowhere"):
            find(RegistryAccount("prd", cloud.host, credentials=AwsIdentity("nowhere")), tmp_path)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    monkeypatch.setattr(aws_module, "has_boto3", lambda: False)
    assert find(RegistryAccount("prd", host), tmp_path) is None
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(AwsExtraMissing) as caught:
        find(RegistryAccount("prd", host, credentials=AwsIdentity("live")), tmp_path)
    assert caught.value.hint == "pip install 'tidegate[aws]'"


def test_a_profile_is_used(cloud: Ecr, tmp_path: Path) -> None:
    (tmp_path / "aws-credentials").write_text("[live]\naws_access_key_id = A\naws_secret_access_key = s3cret\n")
    found = find(RegistryAccount("prd", cloud.host, credentials=AwsIdentity("live")), tmp_path)
    assert found.source == "AWS: profile live"


@pytest.mark.parametrize(
    ("identity", "call"),
    [
        (AwsIdentity(role_arn=ROLE), ("AssumeRole", {})),
        (AwsIdentity(role_arn=ROLE, external_id="x-1"), ("AssumeRole", {"ExternalId": "x-1"})),
        (
            AwsIdentity(role_arn=ROLE, web_identity_env="ID_TOKEN"),
            ("AssumeRoleWithWebIdentity", {"WebIdentityToken": "head.body.sign"}),
        ),
    ],
)
def test_a_role_of_another_account_is_taken(
    cloud: Ecr, tmp_path: Path, calls: list[Call], identity: AwsIdentity, call: Call
) -> None:
    account = RegistryAccount("prd", cloud.host.replace(ACCOUNT, OTHER), credentials=identity)
    found = find(account, tmp_path, {"ID_TOKEN": "head.body.sign", "CI_JOB_ID": "77"})
    assert found.source == f"AWS: {ROLE}"
    assert base64.b64decode(found.basic.removeprefix("Basic ")).decode().startswith(f"AWS:{OTHER}")
    name, fields = call
    assert calls[0] == (name, {"RoleArn": ROLE, "RoleSessionName": "tidegate-77", **fields})
    assert calls[1][0] == "GetAuthorizationToken"


def test_a_web_identity_that_the_job_does_not_have(cloud: Ecr, tmp_path: Path) -> None:
    account = RegistryAccount("prd", cloud.host, credentials=AwsIdentity(role_arn=ROLE, web_identity_env="ID_TOKEN"))
    with pytest.raises(CredentialsUnreadable, match="the variable ID_TOKEN is not set"):
        find(account, tmp_path)


@pytest.mark.parametrize(
    ("code", "expected"), [(None, "gallery"), ("AccessDeniedException", None), ("ThrottlingException", AwsBusy)]
)
def test_the_public_gallery_is_read_with_a_token_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None, expected: str | type[AwsBusy] | None
) -> None:
    class Gallery:
        def get_authorization_token(self) -> dict[str, object]:
            if code is not None:
                raise ClientError({"Error": {"Code": code}}, "GetAuthorizationToken")
            token = base64.b64encode(b"AWS:gallery").decode()
            return {"authorizationData": {"authorizationToken": token, "expiresAt": None}}

    class Session:
        def __init__(self, profile_name: str | None = None) -> None:
            assert profile_name is None

        def get_credentials(self) -> object:
            return SimpleNamespace(method="sso")

        def client(self, name: str, *, region_name: str, config: object) -> Gallery:
            assert (name, region_name) == ("ecr-public", "us-east-1")
            assert config
            return Gallery()

    monkeypatch.setattr(boto3, "Session", Session)
    account = RegistryAccount("gallery", "public.ecr.aws")
    if expected is AwsBusy:
        with pytest.raises(AwsBusy):
            find(account, tmp_path)
        return
    found = find(account, tmp_path)
    assert (found and found.secret) == expected, "who may not log in reads as nobody"
    assert found is None or found.source == "AWS: sso"


def test_a_fips_registry_is_asked_at_a_fips_address(cloud: Ecr) -> None:
    host = cloud.host.replace(".ecr.eu-west-2", ".ecr-fips.us-east-1")
    ecr_host = EcrHost.of(host)
    assert ecr_host is not None
    api = aws_module.ecr_api(RegistryAccount("prd", host), ecr_host, {})
    assert api.meta.endpoint_url == "https://ecr-fips.us-east-1.amazonaws.com"


def test_what_aws_says_of_a_signature_is_not_repeated(
    cloud: Ecr, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "The Canonical String should have been x-amz-security-token:s3cret"
    answer = {"Error": {"Code": "InvalidSignatureException", "Message": said}}

    def refuse(self: object, *_: object, **__: object) -> None:
        del self
        raise ClientError(answer, "GetAuthorizationToken")

    monkeypatch.setattr("moto.ecr.responses.ECRResponse.get_authorization_token", refuse)
    with caplog.at_level(logging.DEBUG, "tidegate"), pytest.raises(AwsDenied) as caught:
        find(RegistryAccount("prd", cloud.host), tmp_path)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {caplog.text}"
    assert caught.value.__suppress_context__


def test_a_copy_goes_on_when_the_token_ends_in_the_middle(cloud: Ecr, tmp_path: Path) -> None:
    uploads = 0

    def script(request: Received) -> Reply:
        nonlocal uploads
        if request.method == "PUT" and "/blobs/" in request.path:
            uploads += 1
            if uploads == 2:
                cloud.tokens.clear()
        return cloud.answer(request)

    cloud.server.script = script
    source = RegistryAccount("dev", "dev.example", f"oci-layout:{tmp_path / 'dev'}")
    with images_of(account_of(cloud), tmp_path, source) as images:
        digest = build_image("a").push(images.registry("dev.example"), "app", "1.0.0")
        images.copy(ImageRef("dev.example", "app", digest=digest), ImageRef(cloud.host, "app", "1.0.0"))
        assert images.digest(ImageRef(cloud.host, "app", "1.0.0")) == digest
    assert uploads > 2
    assert cloud.given == 2


def test_a_token_is_renewed_before_its_twelve_hours_are_over(cloud: Ecr, tmp_path: Path) -> None:
    now = [0.0]
    account = account_of(cloud)
    store = CredentialStore({}, tmp_path)
    with Client("test/1") as client:
        authorizer = Authorizer(
            Origin.of(cloud.server.url),
            client,
            lambda: store.find(account, (account.host,)),
            hint=lambda: "",
            monotonic=lambda: now[0],
        )
        registry = RemoteRegistry(Calls(cloud.server.url, client, authorizer, Retry(attempts=1)))
        for hours, tokens in ((0, 1), (8.9, 1), (9.1, 2), (18, 2), (18.2, 3)):
            now[0] = hours * 3600
            assert registry.resolve("app", "1.0.0") is None
            assert cloud.given == tokens
    assert len(cloud.server.requests) == 6, "nothing was refused but the first request, which asks what is wanted"


def test_image_copy_and_auth_status_from_the_command_line(cloud: Ecr, tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text(f"""\
version: 1
forge: {{type: local, path: ./forge}}
registries:
  dev: {{host: dev.example, endpoint: "oci-layout:./dev"}}
  prd:
    host: {cloud.host}
    endpoint: {cloud.server.url}
    create_repositories: true
    repository: {{tags: {{team: platform}}, immutable_tags: true}}
environments:
  live: {{registry: prd, repo: platform/live, path: "apps/{{service}}"}}
services: {{}}
""")
    source = RegistryAccount("dev", "dev.example", f"oci-layout:{tmp_path / 'dev'}")
    with images_of(account_of(cloud), tmp_path, source) as images:
        digest = build_image("a").push(images.registry("dev.example"), "team/app", "1.0.0")
    environ = {"DOCKER_CONFIG": str(tmp_path)}

    def run(*arguments: str) -> Ended:
        ended = tidegate("-C", tmp_path, *arguments, environ=environ)
        assert_unseen(ended.out + ended.err, {f"{ACCOUNT}-{number}" for number in range(1, 9)})
        return ended

    refs = ("dev.example/team/app:1.0.0", f"{cloud.host}/team/app:1.0.0")
    for _ in range(2):
        ended = run("image", "copy", *refs)
        assert ended.code == 0, ended.err
    assert run("image", "digest", refs[1]).out.strip().endswith(str(digest))
    assert cloud.tags("team/app") == {"team": "platform"}
    checked = run("--debug", "auth", "status", "prd", "--check")
    assert [cell.strip() for cell in checked.out.splitlines()[1].split("  ") if cell] == [
        "prd",
        cloud.host,
        "AWS: env",
        "AWS",
        "accepted",
    ]

"""The keys of a registry account: credentials without secrets, and how repositories are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from tidegate.errors.config import ConfigInvalid, Finding
from tidegate.model import AwsIdentity, Encryption, Login, RegistryAccount, RepositorySettings
from tidegate.model.ecr import EcrHost

ECR = "333333333333.dkr.ecr.eu-west-2.amazonaws.com"
ROLE = "arn:aws:iam::333333333333:role/tidegate"


def account(folder: Path, keys: str, host: str = ECR, environ: dict[str, str] | None = None) -> RegistryAccount:
    text = SMALL.replace("prd: {host: prd.example", f"prd: {{host: {host}, {keys}")
    return load_text(folder, text, environ).pipeline.registries["prd"]


def findings(folder: Path, keys: str, host: str = ECR) -> tuple[Finding, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        account(folder, keys, host)
    return caught.value.findings


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("insecure: false", None),
        ("credentials: {username: robot, password_env: PRD}", Login("robot", None, "PRD")),
        ("credentials: {username_env: U, password_env: P}", Login(None, "U", "P")),
        ("credentials: {username: robot, password_file: /run/pw}", Login("robot", password_file=Path("/run/pw"))),
        ("credentials: {profile: live}", AwsIdentity("live")),
        (f"credentials: {{role_arn: '{ROLE}', external_id: x-1}}", AwsIdentity(None, ROLE, "x-1")),
        (f"credentials: {{role_arn: '{ROLE}', web_identity_env: T}}", AwsIdentity(None, ROLE, None, "T")),
    ],
)
def test_credentials_are_named_not_given(tmp_path: Path, keys: str, expected: Login | AwsIdentity | None) -> None:
    assert account(tmp_path, keys).credentials == expected


def test_a_password_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    found = account(tmp_path, "credentials: {username: robot, password_file: secrets/pw}").credentials
    assert found == Login("robot", password_file=tmp_path / "secrets" / "pw")


def test_a_variable_may_say_which_credentials(tmp_path: Path) -> None:
    environ = {
        "TIDEGATE_REGISTRIES__PRD__CREDENTIALS__USERNAME": "robot",
        "TIDEGATE_REGISTRIES__PRD__CREDENTIALS__PASSWORD_ENV": "PW",
    }
    assert account(tmp_path, "insecure: false", environ=environ).credentials == Login("robot", None, "PW")


def test_where_a_registry_may_send_us(tmp_path: Path) -> None:
    assert account(tmp_path, "insecure: false").follow == ()
    assert account(tmp_path, "follow: ['http://minio:9000']").follow == ("http://minio:9000",)
    for wrong in ("minio:9000", "http://minio/path", "http://me:pw@minio", "ftp://minio"):
        (found,) = findings(tmp_path, f"follow: ['{wrong}']")
        assert "pw" not in str(found)


def test_an_authority_is_relative_to_the_configuration_and_means_that_certificates_are_verified(tmp_path: Path) -> None:
    assert account(tmp_path, "insecure: false").ca_file is None
    assert account(tmp_path, "ca_file: tls/ca.pem").ca_file == tmp_path / "tls" / "ca.pem"
    (found,) = findings(tmp_path, "ca_file: ca.pem, insecure: true")
    assert (found.key, "verifies nothing" in found.what) == ("registries.prd.ca_file", True)
    (found,) = findings(tmp_path, "ca_file: ''")
    assert found.what == "the file is missing"


def test_how_repositories_are_made(tmp_path: Path) -> None:
    keys = "create_repositories: true, repository: {tags: {cost center: '42'}, encryption: KMS_DSSE, kms_key: alias/r}"
    assert account(tmp_path, keys).repository == RepositorySettings(
        {"cost center": "42"}, encryption=Encryption.KMS_DSSE, kms_key="alias/r"
    )
    assert account(tmp_path, "create_repositories: true").repository is None


@pytest.mark.parametrize(
    ("keys", "key", "what"),
    [
        ("credentials: {}", "registries.prd.credentials", "says nothing"),
        ("credentials: {username: x}", "registries.prd.credentials", "one user name with one password"),
        ("credentials: {password_env: X}", "registries.prd.credentials", "one user name with one password"),
        (
            "credentials: {username: x, password_env: X, password_file: y}",
            "registries.prd.credentials",
            "one user name with one password",
        ),
        (
            "credentials: {username: x, password_env: X, profile: y}",
            "registries.prd.credentials",
            "profile and username exclude each other",
        ),
        ("credentials: {external_id: xy}", "registries.prd.credentials.external_id", "only with role_arn"),
        ("credentials: {web_identity_env: X}", "registries.prd.credentials.web_identity_env", "only with role_arn"),
        (
            f"credentials: {{role_arn: '{ROLE}', external_id: x-1, web_identity_env: T}}",
            "registries.prd.credentials.external_id",
            "no meaning with web_identity_env",
        ),
        ("credentials: {role_arn: me}", "registries.prd.credentials.role_arn", "'me' is not a role's ARN"),
        ("credentials: {profile: -x}", "registries.prd.credentials.profile", "not a profile's name"),
        ("credentials: {username: 'a:b', password_env: X}", "registries.prd.credentials.username", "no colon"),
        (
            "credentials: {username: a, password_file: ' '}",
            "registries.prd.credentials.password_file",
            "the file is missing",
        ),
        ("repository: {scan_on_push: true}", "registries.prd.repository", "only with create_repositories: true"),
        (
            "create_repositories: true, repository: {kms_key: x}",
            "registries.prd.repository.kms_key",
            "only with encryption: KMS",
        ),
        (
            "create_repositories: true, repository: {encryption: KMS, kms_key: '?'}",
            "registries.prd.repository.kms_key",
            "'?' is not a KMS key",
        ),
        (
            "create_repositories: true, repository: {encryption: kms}",
            "registries.prd.repository.encryption",
            "expected AES256 or KMS or KMS_DSSE",
        ),
        ("create_repositories: true, repository: {tags: {'aws:x': y}}", "registries.prd.repository.tags", "tag's key"),
        ("create_repositories: true, repository: {tags: {x: '?'}}", "registries.prd.repository.tags.x", "tag's value"),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, keys: str, key: str, what: str) -> None:
    (found,) = findings(tmp_path, keys)
    assert found.key.startswith(key)
    assert what in found.what


@pytest.mark.parametrize(
    "keys", ["credentials: {profile: x}", "create_repositories: true, repository: {scan_on_push: true}"]
)
def test_what_only_ecr_knows(tmp_path: Path, keys: str) -> None:
    (found,) = findings(tmp_path, keys, host="registry.example.com")
    assert "registry.example.com is no ECR registry" in found.what


def test_no_repository_of_the_public_gallery_is_made(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "create_repositories: true", host="public.ecr.aws")
    assert (found.key, "by hand" in found.what) == ("registries.prd.create_repositories", True)
    assert account(tmp_path, "create_repositories: false", host="public.ecr.aws").host == "public.ecr.aws"


@pytest.mark.parametrize(
    "keys",
    [
        "credentials: {username: a, password: hunter22}",
        "credentials: {username: a, password_env: hunter22}",
        "credentials: {username: 'a:hunter22', password_env: X}",
        f"credentials: {{role_arn: '{ROLE}', web_identity_env: hunter22}}",
        f"credentials: {{role_arn: '{ROLE}', external_id: 'hunter22!'}}",
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(tmp_path: Path, keys: str) -> None:
    for found in findings(tmp_path, keys):
        assert "hunter22" not in f"{found.what} {found.hint} {found.key}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (ECR, EcrHost("333333333333", "eu-west-2")),
        (ECR.upper(), EcrHost("333333333333", "eu-west-2")),
        ("111111111111.dkr.ecr-fips.us-gov-west-1.amazonaws.com", EcrHost("111111111111", "us-gov-west-1", fips=True)),
        ("111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn", EcrHost("111111111111", "cn-north-1")),
        ("111111111111.dkr-ecr.eu-west-2.on.aws", EcrHost("111111111111", "eu-west-2")),
        ("public.ecr.aws", EcrHost("", "us-east-1")),
        ("11111111111.dkr.ecr.eu-west-2.amazonaws.com", None),
        (f"{ECR}.evil.example", None),
        (f"evil-{ECR}", None),
        ("111111111111.dkr.ecr.eu-west-2.amazonaws.com:443", None),
    ],
)
def test_an_ecr_registry_is_told_by_its_host(host: str, expected: EcrHost | None) -> None:
    assert EcrHost.of(host) == expected
    assert expected is None or expected.is_public == (host == "public.ecr.aws")

from __future__ import annotations

import base64
import hmac

import pytest

from tidegate.errors.server import WebhookRefused, WebhookSecretMissing
from tidegate.server.webhooks.proof import TOLERANCE_SECONDS, GitLabProof, RegistryProof, signing_key

NOW = 1_790_000_000.0
KEY = b"0123456789abcdef0123456789abcdef"
BODY = b'{"object_kind": "push"}'


def signed(body: bytes = BODY, *, key: bytes = KEY, at: float = NOW, id_: str = "msg_1") -> dict[str, str]:
    """Sign as the Standard Webhooks specification says."""
    digest = hmac.new(key, f"{id_}.{int(at)}.".encode() + body, "sha256").digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1a,other v1,{base64.b64encode(digest).decode()}",
    }


def refused(proof: GitLabProof, headers: dict[str, str], body: bytes = BODY, now: float = NOW) -> bool:
    try:
        proof.check(headers, body, now)
    except WebhookRefused:
        return True
    return False


def test_the_specifications_own_example() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the example of its libraries' tests
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "X")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    GitLabProof(signing=key).check(headers, b'{"test": 2432232314}', 1614265330)


def test_a_token() -> None:
    proof = GitLabProof(token="s3cret ü")
    assert not refused(proof, {"x-gitlab-token": "s3cret ü"})
    assert refused(proof, {"x-gitlab-token": "s3cret"})
    assert refused(proof, {})
    assert "s3cret" not in repr(proof)


def test_a_signature() -> None:
    proof = GitLabProof(signing=KEY)
    assert not refused(proof, signed())
    assert refused(proof, signed(), BODY + b" ")
    assert refused(proof, signed(key=b"another"))
    assert refused(proof, {**signed(), "webhook-id": "msg_2"})
    assert refused(proof, {**signed(), "webhook-timestamp": str(int(NOW) + 1)})
    assert refused(proof, {**signed(), "webhook-timestamp": "soon"})
    assert refused(proof, {})


@pytest.mark.parametrize(("age", "is_refused"), [(0, False), (299, False), (301, True), (-299, False), (-301, True)])
def test_a_signature_is_of_now(age: float, is_refused: bool) -> None:  # noqa: FBT001 - a case of the table
    assert refused(GitLabProof(signing=KEY), signed(at=NOW - age)) is is_refused
    assert TOLERANCE_SECONDS == 300


def test_where_both_are_configured_both_must_be_right() -> None:
    proof = GitLabProof(token="t0ken", signing=KEY)
    assert not refused(proof, {**signed(), "x-gitlab-token": "t0ken"})
    assert refused(proof, signed())
    assert refused(proof, {"x-gitlab-token": "t0ken"})


def test_without_a_secret_nothing_is_taken() -> None:
    assert refused(GitLabProof(), {**signed(), "x-gitlab-token": ""})
    with pytest.raises(WebhookRefused):
        RegistryProof().check({"authorization": ""})


@pytest.mark.parametrize("given", ["t0ken", "Bearer t0ken"])
def test_a_registrys_token(given: str) -> None:
    RegistryProof("t0ken").check({"authorization": given})


@pytest.mark.parametrize("given", ["", "t0ke", "bearer t0ken", "Bearer", "Basic t0ken"])
def test_a_registrys_wrong_token(given: str) -> None:
    with pytest.raises(WebhookRefused):
        RegistryProof("t0ken").check({"authorization": given})


@pytest.mark.parametrize("secret", ["s3cret", "whsec_", "whsec_!!", base64.b64encode(KEY).decode()])
def test_what_is_no_signing_secret(secret: str) -> None:
    with pytest.raises(WebhookSecretMissing) as raised:
        signing_key(secret, "HOOK_SECRET")
    assert str(raised.value.where) == "HOOK_SECRET"
    assert secret not in raised.value.what

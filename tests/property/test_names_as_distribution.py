"""Names of images are those that distribution's own grammar takes (distribution/reference `regexp.go`, image-spec).

It is spelt here as it stands there; ours is the same, written so that it is compiled faster.
"""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from tidegate.errors.model import InvalidDigest
from tidegate.model import Digest
from tidegate.model.image import is_host, is_repository

COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*"
DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
REPOSITORY = re.compile(rf"{COMPONENT}(?:/{COMPONENT})*")
HOST = re.compile(rf"(?:{DOMAIN_COMPONENT}(?:\.{DOMAIN_COMPONENT})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")


@given(st.text("aZ0._-/:é\n", max_size=12))
@example("a__b/c.d---e_f")
@example("a_.b")
def test_a_repository_is_what_distribution_takes_for_one(text: str) -> None:
    assert is_repository(text) == (REPOSITORY.fullmatch(text) is not None)


@given(st.text("aZ0.-:[]_é\n", max_size=12))
@example("a--b.C-9:80")
@example("[a:0]:80")
@example("a-.b")
def test_a_host_is_what_distribution_takes_for_one(text: str) -> None:
    assert is_host(text) == (HOST.fullmatch(text) is not None)


DIGESTS = st.builds(
    lambda algorithm, mark, hexadecimal, tail: f"{algorithm}{mark}{hexadecimal}{tail}",
    st.sampled_from(["sha256", "sha384", "sha512", "sha1", "SHA256", ""]),
    st.sampled_from([":", "", "::"]),
    st.builds(lambda digit, length: digit * length, st.sampled_from("09afAFg٣"), st.sampled_from([63, 64, 96, 128])),
    st.sampled_from(["", "", "0", "\n", ":0", "g"]),
)


@given(DIGESTS | st.text("sha256:", max_size=90))
def test_a_digest_is_what_a_registry_takes_for_one(text: str) -> None:
    try:
        found = str(Digest.parse(text))
    except InvalidDigest:
        found = None
    assert found == (text if DIGEST.fullmatch(text) else None)


@given(st.lists(st.builds(Digest, st.sampled_from(["sha256", "sha512"]), st.text("0f", min_size=1, max_size=3))))
def test_digests_have_the_order_of_their_text(digests: list[Digest]) -> None:
    assert sorted(digests) == sorted(digests, key=str)

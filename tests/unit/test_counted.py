"""How many, in words."""

from __future__ import annotations

import pytest

from tidegate.counted import counted
from tidegate.errors.registry import DigestMismatch
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.verify import exactly


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 layers lie elsewhere"), (1, "1 layer lies elsewhere"), (2, "2 layers lie elsewhere")]
)
def test_what_is_said_of_one_is_not_said_of_more(number: int, text: str) -> None:
    assert counted(number, "layer lies elsewhere", "layers lie elsewhere") == text


def test_an_s_makes_it_many() -> None:
    assert [counted(number, "blob") for number in (0, 1, 2)] == ["0 blobs", "1 blob", "2 blobs"]


def test_a_blob_of_one_byte_is_no_byte_too_many() -> None:
    with pytest.raises(DigestMismatch, match="is not the 1 byte that"):
        list(exactly(Descriptor("", Digest.of(b"a"), 1), iter([b"ab"]), "there"))

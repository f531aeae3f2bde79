"""Where targets of notifications are, and what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.bootstrap import message_targets
from tidegate.config.notify_settings import NotifyTarget
from tidegate.errors.notify import NotifyAddressInvalid, NotifyAddressMissing, NotifyExtraMissing
from tidegate.notify import targets

BY_VARIABLE = NotifyTarget("sre", "SRE_NOTIFY_URL")
ADDRESS = "json://127.0.0.1:1/s3cr3t"


def test_an_address_is_in_a_variable_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{ADDRESS}\n")
    by_file = NotifyTarget("sre", None, file)
    assert len(message_targets([BY_VARIABLE, by_file], {"SRE_NOTIFY_URL": ADDRESS})) == 2
    assert message_targets([], {}) == ()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_without_an_address_is_named(value: str | None) -> None:
    environ = {} if value is None else {"SRE_NOTIFY_URL": value}
    with pytest.raises(NotifyAddressMissing, match=r"server\.notify\.sre.*SRE_NOTIFY_URL is not set"):
        message_targets([BY_VARIABLE], environ)


def test_so_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    for name, said in (("absent", "No such file"), ("empty", "is empty"), ("bytes", "is no text")):
        with pytest.raises(NotifyAddressMissing, match=f"{name}.*{said}"):
            message_targets([NotifyTarget("sre", None, tmp_path / name)], {})


def test_what_is_no_address_is_not_repeated() -> None:
    with pytest.raises(NotifyAddressInvalid) as caught:
        message_targets([BY_VARIABLE], {"SRE_NOTIFY_URL": "slak://s3cr3t"})
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"


def test_without_the_extra_the_line_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "find_spec", lambda _name: None)
    with pytest.raises(NotifyExtraMissing) as caught:
        message_targets([BY_VARIABLE], {"SRE_NOTIFY_URL": ADDRESS})
    assert caught.value.hint == "pip install 'tidegate[notify]'"

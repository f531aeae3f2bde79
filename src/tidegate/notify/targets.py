"""From what tidegate.yaml says to targets: their addresses hold secrets, so that variables and files hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from tidegate.config.notify_settings import NotifyTarget
from tidegate.errors.notify import NotifyAddressMissing, NotifyExtraMissing
from tidegate.ports.messages import MessageTarget

_LONGEST: Final = 8_192


def message_targets(targets: Sequence[NotifyTarget], environ: Mapping[str, str]) -> tuple[MessageTarget, ...]:
    """Return those whom the server tells, in the order of `targets`. Nothing is sent.

    Args:
        targets: as tidegate.yaml names them.
        environ: environment variables, for their addresses.

    Raises:
        NotifyExtraMissing: what messages are sent with is not installed.
        NotifyAddressMissing, NotifyAddressInvalid: nobody knows where a target is.
    """
    if not targets:
        return ()
    if find_spec("apprise") is None:
        raise NotifyExtraMissing(
            "notifications need what is not installed: apprise",
            where="server.notify",
            hint="pip install 'tidegate[notify]'",
        )
    addresses = [_address_of(each, environ) for each in targets]
    from tidegate.notify.target import AppriseTarget  # noqa: PLC0415 - costs 0.4 s and 45 MB, where nobody is told

    return tuple(AppriseTarget.of(each.name, at) for each, at in zip(targets, addresses, strict=True))


def _address_of(target: NotifyTarget, environ: Mapping[str, str]) -> str:
    """Return the address of a target.

    Raises:
        NotifyAddressMissing: what is to hold it holds none.
    """
    where = f"server.notify.{target.name}"
    if target.url_file is None:
        variable = target.url_env or ""
        if not environ.get(variable, "").strip():
            raise NotifyAddressMissing(
                f"the variable {variable} is not set",
                where=where,
                hint=f"set {variable} to apprise's URL of the target, or delete {target.name} below server.notify",
            )
        return environ[variable].strip()
    try:
        with target.url_file.open(encoding="utf-8") as stream:
            address = stream.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NotifyAddressMissing(
            f"{target.url_file} can't be read: {said}", where=where, hint="write apprise's URL of the target into it"
        ) from error
    if not address:
        raise NotifyAddressMissing(
            f"{target.url_file} is empty", where=where, hint="write apprise's URL of the target into it"
        )
    return address

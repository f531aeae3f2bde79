"""AppriseTarget: the port for messages on apprise, which knows some 130 services by URL (https://appriseit.com)."""

from __future__ import annotations

import logging
import re
import warnings
from typing import Final
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType

from tidegate.errors.notify import MessageNotTaken, NotifyAddressInvalid
from tidegate.model.notice import Message, Tone

_TYPES: Final = {
    Tone.FAILURE: NotifyType.FAILURE,
    Tone.WARNING: NotifyType.WARNING,
    Tone.INFO: NotifyType.INFO,
    Tone.SUCCESS: NotifyType.SUCCESS,
}
_SILENT: Final = logging.NullHandler()
_PARTS: Final = re.compile(r"[^/:@?&=#,\s]+")
_SHORTEST_PART: Final = 4  # shorter ones would blank out ordinary text
_BLANK: Final = "[hidden]"
_LONGEST: Final = 300


class AppriseTarget:
    """Fulfils `MessageTarget`. Made by `of`.

    Args:
        name: what tidegate.yaml calls it.
        address: apprise's URL of it, which holds a secret.
        service: apprise's own object.
    """

    def __init__(self, name: str, address: str, service: NotifyBase) -> None:
        self._name = name
        self._secrets = _parts(address)
        self._apprise = Apprise(asset=service.asset)
        self._apprise.add(service)

    @classmethod
    def of(cls, name: str, address: str) -> AppriseTarget:
        """Return the target at `address`. Nothing is sent.

        Args:
            name: what tidegate.yaml calls it.
            address: one URL, e.g. `slack://…`.

        Raises:
            NotifyAddressInvalid: apprise knows no such URL.
        """
        # Apprise tells by its log why a URL or a message was refused; what of it people are told, is told below.
        logging.getLogger("apprise").addHandler(_SILENT)
        asset = AppriseAsset(app_id="Tidegate", app_desc="Tidegate", app_url="", async_mode=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of modules that its plugins still import
            service = Apprise.instantiate(address, asset=asset)
        if service is None:
            raise NotifyAddressInvalid(
                "this is no address of a service that apprise knows, or a part of it is missing",
                where=f"server.notify.{name}",
                hint="e.g. slack://TokenA/TokenB/TokenC/#room or mailtos://user:password@example.com?to=sre@example.com;"
                " see docs/how-to/notify.md",
            )
        return cls(name, address, service)

    def send(self, message: Message) -> None:
        """Send a message; raises `MessageNotTaken`."""
        result = self._apprise.notify(
            body=message.body, title=message.title, notify_type=_TYPES[message.tone], body_format=NotifyFormat.TEXT
        )
        if not result:
            said = next((entry.message for entry in result.logs() if entry.message), "it does not say why")
            raise MessageNotTaken(
                f"the message was not taken: {self._clean(said)}",
                where=f"server.notify.{self._name}",
                hint=f"try it by itself: tidegate notify test {self._name}",
            )

    def _clean(self, text: str) -> str:
        """Return what apprise says as one line, without any part of the address."""
        for part in self._secrets:
            text = text.replace(part, _BLANK)
        return " ".join(text.split())[:_LONGEST]


def _parts(address: str) -> tuple[str, ...]:
    """Return all that an address consists of, the longest first: any of it may be the secret."""
    written = _PARTS.findall(address.partition("://")[2])
    return tuple(
        sorted((each for each in {*written, *map(unquote, written)} if len(each) >= _SHORTEST_PART), key=len)[::-1]
    )

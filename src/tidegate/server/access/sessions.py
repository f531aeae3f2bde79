"""Session cookies: encrypted and signed, with nothing kept at the server."""

from __future__ import annotations

import base64
import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.errors.server import SessionKeyMissing
from tidegate.server.access.visitor import Proof

SHORTEST_KEY: Final = 32
_PURPOSE: Final = b"tidegate sessions 1"
_MOST_ENDED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says.

    Args:
        user: user name on the forge.
        groups: paths of the groups that tidegate.yaml has roles for.
        proof: how they signed in.
        csrf: what the pages of this session send along with every change.
    """

    user: str
    groups: frozenset[str]
    proof: Proof
    csrf: str

    @classmethod
    def begin(cls, user: str, groups: frozenset[str], proof: Proof) -> Session:
        """Return a new session."""
        return cls(user, groups, proof, secrets.token_urlsafe(24))


class EndedSessions:
    """Sessions that people have signed out of, and whose cookies would open for some time still.

    This process knows of them, and forgets them when it ends: then a cookie that somebody has copied is good again
    until its own end. Safe for many threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, session: Session, until: float, now: float) -> None:
        """Take `session` for ended; after `until` (seconds since 1970) its cookie opens no more anyway."""
        with self._lock:
            self._until[session.csrf] = until
            while self._until and (len(self._until) > _MOST_ENDED or next(iter(self._until.values())) < now):
                self._until.popitem(last=False)

    def __contains__(self, session: Session) -> bool:
        return session.csrf in self._until


class Seal:
    """Encrypts and signs what a browser keeps for us (Fernet: AES-128-CBC with HMAC-SHA256, and a time).

    Args:
        keys: secrets; the first one seals, all of them open.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    @classmethod
    def of(cls, variable: str | None, environ: Mapping[str, str]) -> Seal:
        """Return the seal with the keys in a variable; with a new one when none is named.

        Raises:
            SessionKeyMissing: the variable holds no key, or one that is too short.
        """
        if variable is None:
            return cls((secrets.token_urlsafe(SHORTEST_KEY),))
        keys = tuple(environ.get(variable, "").split())
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise SessionKeyMissing(
                f"the variable holds no key of {SHORTEST_KEY} characters or more",
                where=variable,
                hint="set it to a random one, e.g. from `openssl rand -hex 32`",
            )
        return cls(keys)

    def close(self, values: Mapping[str, object], now: float) -> str:
        """Return `values` so that nobody else can read or change them; `now` is in seconds since 1970."""
        return self._fernet.encrypt_at_time(json.dumps(values).encode(), int(now)).decode()

    def open(self, text: str, length: timedelta, now: float) -> dict[str, object] | None:
        """Return what was sealed at most `length` ago; None when it was not, or not by us."""
        try:
            plain = self._fernet.decrypt_at_time(text.encode(), int(length.total_seconds()), int(now))
        except (InvalidToken, UnicodeEncodeError):
            return None
        values: dict[str, object] = json.loads(plain)
        return values


def sealed_session(seal: Seal, session: Session, now: float) -> str:
    """Return a session for a cookie."""
    values = {
        "kind": "session",
        "user": session.user,
        "groups": sorted(session.groups),
        "proof": session.proof.value,
        "csrf": session.csrf,
    }
    return seal.close(values, now)


def opened_session(seal: Seal, text: str, length: timedelta, now: float) -> Session | None:
    """Return the session that a cookie holds, or None when it is none of ours or too old."""
    match seal.open(text, length, now):
        case {"kind": "session", "user": str(user), "groups": list(groups), "proof": str(proof), "csrf": str(csrf)}:
            return Session(user, frozenset(map(str, groups)), Proof(proof), csrf)
        case _:
            return None


def _derived(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)

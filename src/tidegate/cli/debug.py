"""`--debug`: what git, HTTP and the program itself did, on stderr, without secrets."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_SECRET_NAME: Final = re.compile(r"PASSWORD|PASSWD|TOKEN|SECRET|PRIVATE|CREDENTIAL|ACCESS_KEY|API_?KEY")
_FIELD_NAMES: Final = frozenset({"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"})
"""Variables that hold fields of requests, such as `api-key=…,tenant=…`."""
_SHORTEST_SECRET: Final = 4  # shorter values would blank out ordinary text
_BLANK: Final = "[hidden]"
_SPELLINGS: Final = (
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{_BLANK}@"),
    (re.compile(r"(?i)\b(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer|token)\s+)[^\s'\",]+"), rf"\1{_BLANK}"),
    (re.compile(r"(?i)\b(private-token['\"]?\s*[:=]\s*['\"]?)[^\s'\",]+"), rf"\1{_BLANK}"),
    (re.compile(r"(?i)([?&](?:[a-z_-]*(?:token|signature|password|secret|credential))=)[^&\s'\"]+"), rf"\1{_BLANK}"),
)


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes secrets out of text.

    Args:
        secrets: values that must not be seen, longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Scrubber:
        """Return a scrubber that knows the secrets of the environment, by the variables' names."""
        values = {value.strip() for name, value in environ.items() if _SECRET_NAME.search(name.upper())}
        for name in environ.keys() & _FIELD_NAMES:
            values |= {pair.rpartition("=")[2].strip() for pair in environ[name].split(",")}
        secrets = {each for value in values if len(value) >= _SHORTEST_SECRET for each in _spellings(value)}
        return cls(tuple(sorted(secrets, key=len, reverse=True)))

    def clean(self, text: str) -> str:
        """Return `text` without the known secrets, credentials in URLs, authorization headers and signed queries."""
        for secret in self.secrets:
            text = text.replace(secret, _BLANK)
        for pattern, blank in _SPELLINGS:
            text = pattern.sub(blank, text)
        return text


def _spellings(secret: str) -> frozenset[str]:
    """Return `secret` as it is, and as it stands within quotes in JSON and in what Python shows of a text."""
    import json

    quoted = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
    return frozenset({secret, *(each[1:-1] for each in quoted)})


class _CleanFormatter(logging.Formatter):
    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__("debug: %(relativeCreated)d ms %(name)s: %(message)s")
        self._scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        return self._scrubber.clean(super().format(record))


def start_log(stream: TextIO, scrubber: Scrubber) -> logging.Handler:
    """Write what `tidegate.*` loggers say to `stream`; return the handler, to be given to `stop_log`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_CleanFormatter(scrubber))
    logger = logging.getLogger("tidegate")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Undo `start_log`."""
    logger = logging.getLogger("tidegate")
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def write_traceback(error: BaseException, stream: TextIO, scrubber: Scrubber) -> None:
    """Write where `error` came from."""
    stream.write(scrubber.clean("".join(traceback.format_exception(error))))

"""ServerDesk: the engine at a server, asked through its API; `tidegate --server URL`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tidegate.cli.desk import Told
from tidegate.cli.document import Document
from tidegate.cli.output import Output
from tidegate.cli.progress import told
from tidegate.cli.server_client import ServerClient, error_of, open_client
from tidegate.errors import TidegateError
from tidegate.model.json import Json

TOKEN: Final = "TIDEGATE_SERVER_TOKEN"  # noqa: S105 - the variable's name


@contextmanager
def open_server(url: str, environ: Mapping[str, str], output: Output) -> Iterator[ServerDesk]:
    """Give the desk at a server; at the end, connections are closed.

    Args:
        url: where it is.
        environ: environment variables: the token, proxies, authorities.
        output: where talk goes.

    Raises:
        InvalidUrl, ServerUnsafe: nothing can be asked there.
    """
    with open_client(url, environ.get(TOKEN), environ) as client:
        yield ServerDesk(client, output)


class ServerDesk:
    """Fulfils `Desk`.

    Args:
        client: asks the server.
        output: where talk goes when something was done.
    """

    def __init__(self, client: ServerClient, output: Output) -> None:
        self._client = client
        self._output = output

    def status(self, services: Sequence[str]) -> Told:
        """Ask for the matrix."""
        return _told(self._client.get("/status", [("service", name) for name in services]), "cells")

    def why(self, service: str, target: str | None) -> Told:
        """Ask for explanations."""
        answer = self._client.get(("services", service, "why"), [("in", target)] if target else [])
        return _told(answer, "explanations")

    def plan(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Ask for a plan."""
        wanted = [("service", service), ("to", target), ("separate", str(separate).lower())]
        return self._client.get("/plan", [*wanted, ("version", version)] if version else wanted)

    def promote(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Have it promoted."""
        asked: dict[str, Json] = {"service": service, "to": target, "version": version, "separate": separate}
        return self._said(self._client.post("/promotions", asked))

    def promote_each(
        self, services: Sequence[str], target: str, *, separate: bool, dry_run: bool
    ) -> tuple[Document | TidegateError, ...]:
        """Have them promoted, one after the other."""
        act = self.plan if dry_run else self.promote
        done: list[Document | TidegateError] = []
        for name in services or self.services():
            try:
                done.append(act(name, target, None, separate=separate))
            except TidegateError as error:
                done.append(error)
        return tuple(done)

    def together(self, services: Sequence[str], target: str, *, dry_run: bool) -> Document:
        """Ask for the plan, or have them promoted by one merge request."""
        if dry_run:
            return self._client.get("/plan/together", [("to", target), *(("service", name) for name in services)])
        return self._said(self._client.post("/promotions/together", {"services": [*services], "to": target}))

    def services(self) -> Sequence[str]:
        """Ask which there are."""
        return [each.text("name") for each in self._client.get("/services", []).each("services")]

    def moving(self, service: str, target: str) -> list[tuple[str, int]]:
        """Ask which merge requests there are."""
        answer = self._client.get("/promotions", [("service", service), ("to", target)])
        for fault in _faults(answer):
            raise fault
        return [(each.text("project"), each.number("iid")) for each in answer.each("promotions")]

    def deliver(self, project: str, iid: int, *, dry_run: bool, alone: bool) -> Document:
        """Have it delivered; where others follow, what ends it is told in the document."""
        try:
            path = ("promotions", project, str(iid), "deliver")
            return self._said(self._client.post(path, {"dryRun": dry_run}))
        except TidegateError as error:
            if alone:
                raise
            where = None if error.where is None else str(error.where)
            told_of: dict[str, Json] = {"code": error.code, "what": error.what, "where": where, "hint": error.hint}
            ref = f"{project}!{iid}"
            return Document({"mergeRequest": ref, "title": "", "outcome": "failed", "verdict": None, "error": told_of})

    def survey(self) -> Told:
        """Ask for all that is open."""
        return _told(self._client.get("/promotions", []), "promotions")

    def show_waiting(self) -> None:
        """Do nothing: the server does so by itself."""

    def _said(self, answer: Document) -> Document:
        for each in answer.each("talk"):
            self._output.say(told(each.text("event"), each.text("text")))
        return answer


def _told(answer: Document, key: str) -> Told:
    return Told(answer.each(key), tuple(_faults(answer)))


def _faults(answer: Document) -> Iterator[TidegateError]:
    return map(error_of, answer.each("faults"))

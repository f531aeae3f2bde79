"""The board's view model: from cells to what a page shows; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.board_scene import FORGE, NOW, board, scene, settled, waiting_for_approval
from tidegate.engine.views.board import BoardCell, BoardState, Fault
from tidegate.model.key import ServiceKey
from tidegate.server.pages.board_view import Filter, cell_view, counts_of, shown_services, strip
from tidegate.server.pages.clauses import pieces
from tidegate.server.pages.spans import span

EVERYTHING = Filter()


@pytest.mark.parametrize("cell", scene(), ids=lambda cell: f"{cell.service}-{cell.environment}")
def test_the_pieces_of_a_sentence_are_the_very_sentence(cell: BoardCell) -> None:
    assert "".join(piece.text for piece in pieces(cell)) == cell.sentence


def test_each_clause_leads_to_its_evidence() -> None:
    links = {piece.text: piece.url for piece in pieces(waiting_for_approval()) if piece.url}
    assert links == {
        "platform/gitops-production!482 needs 1 approval from group:platform/sre": (
            f"{FORGE}/platform/gitops-production/-/merge_requests/482"
        ),
        "1.8.2 has been in staging for 6 h, and 24 h are asked for": "/services/checkout/production#gate-soak",
    }


def test_without_a_page_at_the_forge_a_clause_leads_to_its_gate() -> None:
    cell = waiting_for_approval()
    assert cell.merge_request is not None
    local = replace(cell, merge_request=replace(cell.merge_request, url=None))
    urls = [piece.url for piece in pieces(local) if piece.url]
    assert urls == ["/services/checkout/production#gate-approvals", "/services/checkout/production#gate-soak"]


def links(service: str, environment: str) -> list[tuple[str, str]]:
    cell = next(each for each in scene() if (each.service, each.environment) == (service, environment))
    return [(piece.text, piece.url) for piece in pieces(cell) if piece.url]


def test_a_command_leads_to_where_the_same_is_done_and_is_never_taken_apart() -> None:
    assert links("catalog", "e2e") == [("`tidegate promote catalog --to e2e`", "/services/catalog/e2e/promote")]
    assert links("inventory", "e2e") == [("`tidegate deliver inventory --to e2e`", "/services/inventory/e2e")]


def test_why_a_command_would_be_refused_leads_to_the_plan_that_shows_it() -> None:
    command, refusal = links("orders", "production")
    assert refusal[0].startswith("prd.example/orders:3.0.1 holds ")
    assert refusal[1] == command[1] == "/services/orders/production/promote"


def test_a_sentence_of_one_clause_leads_to_the_cell() -> None:
    (link,) = links("orders", "staging")
    assert link[0].startswith("staging's orders 3.0.1 holds")
    assert link[1] == "/services/orders/staging"


def test_a_waiting_cell_tells_tag_move_age_and_gap() -> None:
    view = cell_view(waiting_for_approval(), NOW, is_first=False)
    assert (view.tag, view.moving, view.age, view.behind) == ("1.7.9", "1.8.2", "9 d", "+3 versions · 2 d")
    assert (view.look.glyph, view.look.word, view.version) == ("◐", "Waiting", None)


def test_a_settled_cell_needs_no_sentence_and_says_its_version_once() -> None:
    cell = settled("a", "e2e", "1.0.0-rc2", timedelta(minutes=3))
    view = cell_view(cell, NOW, is_first=False)
    assert (view.tag, view.version, view.age, view.pieces) == ("1.0.0-rc2", None, "3 min", ())
    assert cell_view(replace(cell, tag="build-7"), NOW, is_first=False).version == "1.0.0"


def test_a_failure_is_told_and_what_only_waits_is_none() -> None:
    failed = Fault("registry/denied", "prd.example: denied", None)
    cell = replace(waiting_for_approval(), failure=failed)
    assert cell_view(cell, NOW, is_first=False).failure == "prd.example: denied"
    assert cell_view(replace(cell, failure=replace(failed, waits=True)), NOW, is_first=False).failure is None


def test_what_is_settled_is_built_up_to_date_or_nothing_yet() -> None:
    cell = settled("a", "dev", "1.0.0", timedelta())
    assert cell_view(cell, NOW, is_first=True).look.word == "Built"
    assert cell_view(cell, NOW, is_first=False).look.word == "Up to date"
    assert cell_view(replace(cell, tag=None), NOW, is_first=False).look.word == "Nothing yet"


def test_every_state_has_a_glyph_and_a_word_of_its_own() -> None:
    looks = [cell_view(replace(waiting_for_approval(), state=state), NOW, is_first=False).look for state in BoardState]
    assert len({look.glyph for look in looks}) == len({look.word for look in looks}) == len(BoardState)


@pytest.mark.parametrize(
    ("state", "text", "services"),
    [
        ("", "", ["catalog", "checkout", "inventory", "orders", "payments", "search"]),
        ("waiting", "", ["catalog", "checkout", "payments"]),
        ("drifted", "", ["orders"]),
        ("waiting", " CHECK", ["checkout"]),
        ("", "nobody", []),
        ("settled", "", ["catalog", "checkout", "inventory", "orders", "payments", "search"]),
    ],
)
def test_a_filter_is_what_the_url_says(state: str, text: str, services: list[str]) -> None:
    assert list(shown_services(board(), Filter.of(state, text))) == services


def test_the_url_of_a_filter_gives_the_filter_again() -> None:
    assert Filter.of("waiting", "a b&c").url() == "/?state=waiting&q=a+b%26c"
    assert EVERYTHING.url() == "/"


def test_the_strip_counts_cells_and_leads_there_and_back() -> None:
    entries = {each.label: each for each in strip(counts_of(board()), Filter.of("blocked", "o"))}
    counts = {label: each.count for label, each in entries.items()}
    assert counts == {"Waiting for a person": 3, "Blocked": 1, "Moving": 1, "Drifted": 1, "Unreadable": 1}
    assert entries["Moving"].url == "/?state=moving&q=o"
    assert (entries["Blocked"].url, entries["Blocked"].is_on) == ("/?q=o", True)


def test_unreadable_cells_have_a_place_in_the_strip_only_when_there_are_some() -> None:
    assert "Unreadable" not in [each.label for each in strip({}, EVERYTHING)]


def test_an_odd_name_is_quoted_where_it_is_part_of_a_url() -> None:
    view = cell_view(settled("a b?#", "dev", "1", timedelta()), NOW, is_first=True)
    assert view.url == "/services/a%20b%3F%23/dev"
    assert board().cell(ServiceKey("nobody", "dev")) is None


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "<1 min"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=119), "1 h"),
        (timedelta(hours=47), "1 d"),
        (timedelta(days=364), "364 d"),
        (timedelta(days=800), "2 y"),
    ],
)
def test_a_length_of_time_is_told_in_one_unit(length: timedelta, words: str) -> None:
    assert span(length) == words

from __future__ import annotations

import json

from tidegate.engine.views.board import BoardCell, BoardState
from tidegate.model.key import ServiceKey
from tidegate.server.board_store import BoardChange, BoardStore
from tidegate.server.written_board import WrittenBoard


def cell(service: str, environment: str = "dev", sentence: str = "") -> BoardCell:
    return BoardCell(service, environment, BoardState.SETTLED, sentence)


def store_with(*services: str) -> BoardStore:
    store = BoardStore()
    store.arrange(["dev", "e2e"], services, store.look())
    return store


def test_renewing_a_cell_leaves_the_other_rows_as_they_are() -> None:
    store = store_with("a", "b")
    store.renew([cell("a"), cell("b")], store.look())
    before = store.snapshot
    store.renew([cell("a", sentence="new")], store.look())
    after = store.snapshot
    assert after.revision == before.revision + 1
    assert after.board.rows["b"] is before.board.rows["b"]
    assert before.board.rows["a"]["dev"].sentence == ""
    assert after.board.cell(ServiceKey("a", "dev")) == cell("a", sentence="new")


def test_what_is_the_same_makes_no_revision() -> None:
    store = store_with("a")
    store.renew([cell("a")], store.look())
    revision = store.snapshot.revision
    store.renew([cell("a")], store.look())
    store.arrange(["dev", "e2e"], ["a"], store.look())
    assert store.snapshot.revision == revision


def test_what_a_later_look_told_stands() -> None:
    store = store_with("a", "b")
    resync, webhook = store.look(), store.look()
    store.renew([cell("a", sentence="later")], webhook)
    store.renew([cell("a", sentence="earlier"), cell("b", sentence="earlier")], resync)
    assert store.snapshot.board.rows["a"]["dev"].sentence == "later"
    assert store.snapshot.board.rows["b"]["dev"].sentence == "earlier"
    found = store.look()
    store.arrange(["dev", "e2e"], ["a", "b", "c"], found)
    store.arrange(["dev", "e2e"], ["a", "b"], resync)
    assert list(store.snapshot.board.rows) == ["a", "b", "c"]


def test_what_is_gone_is_forgotten_and_stays_so() -> None:
    store = store_with("a", "b")
    store.renew([cell("a"), cell("b"), cell("b", "e2e")], store.look())
    store.arrange(["dev"], ["b"], store.look())
    store.renew([cell("a"), cell("b", "e2e")], store.look())
    assert store.snapshot.board.rows == {"b": {"dev": cell("b")}}


def test_listeners_hear_of_every_change_after_their_snapshot() -> None:
    store = store_with("a")
    heard: list[BoardChange] = []
    with store.subscribed(heard.append) as snapshot:
        store.renew([cell("a"), cell("gone")], store.look())
        store.arrange(["dev", "e2e"], ["b", "a"], store.look())
    store.renew([cell("b")], store.look())
    assert heard == [
        BoardChange(snapshot.revision + 1, (cell("a"),)),
        BoardChange(snapshot.revision + 2, (), ("a", "b")),
    ]


def test_where_nobody_has_looked_yet_the_record_has_null() -> None:
    store = store_with("a")
    store.renew([cell("a")], store.look())
    (row,) = json.loads(WrittenBoard(store).newest()[1])["rows"]
    assert (row["service"], row["cells"][0]["state"], row["cells"][1]) == ("a", "settled", None)


def test_what_is_written_is_the_newest_snapshot_whatever_changed() -> None:
    store = store_with("a", "b")
    written = WrittenBoard(store)

    def shown() -> tuple[int, list[str], dict[str, list[str | None]]]:
        document = json.loads(written.newest()[1])
        rows = {row["service"]: [each and each["sentence"] for each in row["cells"]] for row in document["rows"]}
        return document["revision"], document["environments"], rows

    assert shown() == (1, ["dev", "e2e"], {"a": [None, None], "b": [None, None]})
    store.renew([cell("a", sentence="é\ud800")], store.look())
    assert shown() == (2, ["dev", "e2e"], {"a": ["é?", None], "b": [None, None]})
    store.renew([cell("b", "e2e", "two")], store.look())
    assert shown() == (3, ["dev", "e2e"], {"a": ["é?", None], "b": [None, "two"]})
    store.arrange(["e2e"], ["b", "c"], store.look())
    assert shown() == (4, ["e2e"], {"b": ["two"], "c": [None]})
    assert written.newest() == written.newest()
    assert WrittenBoard(store).newest()[0] != written.newest()[0], "another process counts anew"

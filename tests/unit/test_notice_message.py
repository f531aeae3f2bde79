"""The words of messages, and what is left out of them."""

from __future__ import annotations

from dataclasses import replace

from support.golden import assert_golden
from tidegate.engine.views.notice_message import compose, still_so
from tidegate.model.notice import Message, Notice, NoticeEvent, Tone

LIVE = "platform/live"
BOARD = "https://tidegate.example"
OPENED = Notice(
    NoticeEvent.OPENED,
    "shop",
    "production",
    "1.0.0",
    "1.1.0",
    f"{LIVE}!4",
    "https://forge.example/platform/live/-/merge_requests/4",
    f"1.1.0 waits: {LIVE}!4 needs 2 approvals from group:platform/sre",
    f"ask group:platform/sre to approve {LIVE}!4",
)
WAITING = replace(
    OPENED, event=NoticeEvent.WAITING, text=f"{LIVE}!4 needs 1 more approval from group:platform/sre", before="1.0.0"
)
DELIVERED = replace(
    OPENED, event=NoticeEvent.DELIVERED, text=f"production has shop 1.1.0, brought by {LIVE}!4", hint=None
)
FAILED = replace(
    OPENED,
    event=NoticeEvent.FAILED,
    text="prd.example: denied: no push",
    hint="give the account the right to push",
    code="registry/denied",
)


def shown(message: Message) -> str:
    return f"{message.title}\n({message.tone.value})\n\n{message.body}\n"


def of(service: str, notice: Notice, iid: int | None = None) -> Notice:
    ref = notice.merge_request if iid is None else f"{LIVE}!{iid}"
    return replace(notice, service=service, merge_request=ref)


def test_one_notice_in_full() -> None:
    together = [of(f"service{number}", OPENED) for number in range(3)]
    messages = [compose([each], {}, BOARD) for each in (OPENED, WAITING, FAILED, DELIVERED)]
    first = replace(DELIVERED, before=None, merge_request=None, url=None)
    messages += [compose([first], {}, None), compose(together, {}, BOARD)]
    assert_golden("notices_in_full.txt", "\n=====\n".join(map(shown, messages)))


def test_many_in_a_digest() -> None:
    some = [
        *(of(f"service{number}", OPENED, number) for number in range(10, 13)),
        *(of(f"both{number}", WAITING, 20) for number in range(7)),
        DELIVERED,
        of("stock", FAILED, 9),
        replace(of("stock", FAILED, 8), text="long " * 200),
    ]
    crowd = [of(f"service{number}", OPENED, number) for number in range(500)]
    messages = [
        compose(some, {}, BOARD),
        compose(crowd, {}, None),
        compose([OPENED], {NoticeEvent.OPENED: 11, NoticeEvent.FAILED: 2}, None),
    ]
    assert_golden("notices_in_a_digest.txt", "\n=====\n".join(map(shown, messages)))
    assert messages[0].tone is Tone.FAILURE
    assert len(messages[1].body.splitlines()) == 22


def test_the_one_that_is_not_named_is_one_service() -> None:
    six = [of(f"service{number}", WAITING, 20) for number in range(6)]
    assert " and 1 more service in production" in compose([*six, DELIVERED], {}, BOARD).body


def test_an_opened_one_says_itself_whom_it_waits_for() -> None:
    assert compose([OPENED, replace(WAITING, text=OPENED.text)], {}, None) == compose([OPENED], {}, None)
    other = of("stock", WAITING, 5)
    assert compose([OPENED, other], {}, None).title == "1 waiting for approval, 1 promotion opened"


def test_what_is_over_is_not_told() -> None:
    assert still_so([OPENED, WAITING, FAILED, DELIVERED]) == (DELIVERED,)
    assert still_so([of("stock", FAILED), DELIVERED]) == (of("stock", FAILED), DELIVERED)
    assert still_so([DELIVERED, FAILED]) == (DELIVERED, FAILED)
    elsewhere = replace(FAILED, environment="staging")
    assert still_so([elsewhere, DELIVERED]) == (elsewhere, DELIVERED)


def test_the_later_of_two_takes_the_place_of_the_earlier() -> None:
    later = replace(WAITING, text="approved by one")
    assert still_so([WAITING, OPENED, later]) == (OPENED, later)

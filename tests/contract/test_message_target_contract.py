"""The port for messages: one suite on apprise's adapter, against a real HTTP server, and on the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from support.message_room import SECRET, message_room
from tidegate.errors.notify import MessageNotTaken, NotifyAddressInvalid
from tidegate.model.notice import Message, Tone
from tidegate.notify.target import AppriseTarget
from tidegate.ports.messages import MessageTarget
from tidegate.testing.messages import FakeTarget

MESSAGE = Message("shop 1.1.0 → live: failed", "one *line*\n<!here> & another\n", Tone.FAILURE)


@dataclass(frozen=True, slots=True)
class Stand:
    """A target, what arrived there, and a way to have it refuse the next message."""

    target: MessageTarget
    got: Sequence[Message]
    refuse: Callable[[], None]


@pytest.fixture(params=["fake", "apprise"])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    if request.param == "fake":
        fake = FakeTarget()
        yield Stand(fake, fake.got, lambda: fake.failures.append(MessageNotTaken("no")))
        return
    with message_room() as room:

        def refuse() -> None:
            room.refusals += 1

        yield Stand(AppriseTarget.of("sre", room.address), room.got, refuse)


@pytest.mark.parametrize("tone", list(Tone))
def test_a_message_arrives_as_it_is(stand: Stand, tone: Tone) -> None:
    message = Message(MESSAGE.title, MESSAGE.body.strip(), tone)
    stand.target.send(message)
    assert list(stand.got) == [message]


def test_one_that_is_not_taken_is_an_error_and_the_next_may_be(stand: Stand) -> None:
    stand.refuse()
    with pytest.raises(MessageNotTaken) as caught:
        stand.target.send(MESSAGE)
    assert caught.value.retryable
    assert list(stand.got) == []
    stand.target.send(MESSAGE)
    assert [each.title for each in stand.got] == [MESSAGE.title]


def test_why_it_was_not_taken_is_said_without_the_address(capfd: pytest.CaptureFixture[str]) -> None:
    with message_room() as room:
        room.refusals = 1
        address, target = room.address, AppriseTarget.of("sre", room.address)
        with pytest.raises(MessageNotTaken, match="error=500") as caught:
            target.send(MESSAGE)
    with pytest.raises(MessageNotTaken) as gone:  # nobody is there any more
        target.send(MESSAGE)
    said = f"{caught.value} {caught.value.hint} {gone.value} {gone.value.hint} {capfd.readouterr()}"
    assert SECRET not in said
    assert address not in said
    assert "tidegate notify test sre" in said


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", f"{SECRET}", f"slack://{SECRET}", f"nowhere://{SECRET}", f"json://:{SECRET}@", "json://"],
)
def test_what_is_no_address_is_refused_and_not_repeated(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotifyAddressInvalid) as caught:
        AppriseTarget.of("sre", address)
    assert SECRET not in f"{caught.value} {caught.value.hint} {capfd.readouterr()}"


def test_of_what_a_service_says_no_part_of_its_address_is_left() -> None:
    target = AppriseTarget.of("sre", f"json://robot:p%40ss-{SECRET}@127.0.0.1:1/x?+X-Key=k3y-{SECRET}")
    with pytest.raises(MessageNotTaken) as caught:
        target.send(MESSAGE)
    assert "127.0.0.1" not in str(caught.value)
    assert "[hidden]" in str(caught.value)

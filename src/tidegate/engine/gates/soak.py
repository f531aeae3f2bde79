"""Gate: the release has been in the source environment long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.release import NotDelivered
from tidegate.model import Answer, Reason


def check_soak(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, how long its release has been in the source environment; nothing without a rule."""
    needed = seen.target.gates.soak
    if not needed:
        return
    for each in seen.deliveries:
        if each.origin is None:
            continue
        until = each.origin.until
        age = (until or seen.now) - each.origin.since
        was = "was" if until else "has been"
        release = f"{each.service.name} {each.origin.release.image.tag}"
        name = f"{release} {was} in {each.source.name} for {span(age)}"
        if age >= needed:
            yield Reason(
                "soak",
                Answer.GO,
                f"{name}; {span(needed)} is needed",
                lasting=f"{release} was in {each.source.name} for {span(needed)}",
            )
        elif until:
            yield Reason(
                "soak",
                Answer.NO,
                f"{name}, until {until:%Y-%m-%d %H:%M} UTC; {span(needed)} is needed",
                hint=f"promote what {each.source.name} has now, or bring this release back there",
                code=NotDelivered.code,
            )
        else:
            yield Reason(
                "soak",
                Answer.WAIT,
                f"{name}; {span(needed)} is needed",
                hint=f"ready in {span(needed - age)}, at {each.origin.since + needed:%Y-%m-%d %H:%M} UTC",
                lasting=f"must be in {each.source.name} for {span(needed)}: "
                f"until {each.origin.since + needed:%Y-%m-%d %H:%M} UTC",
            )


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, e.g. `2 d 3 h`."""
    seconds = max(0, int(length.total_seconds()))
    parts = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    first = next((index for index, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"

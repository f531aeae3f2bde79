"""Gate: the merge request changes nothing but the folders of the services that it moves.

Approvals are asked for by the rule of one environment. A file elsewhere may be another environment's, or the
pipeline's own: it must not ride along.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.release import OutOfScope
from tidegate.model import Answer, Reason

_SHOWN: Final = 3


def check_scope(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield a reason when files elsewhere are changed, and one when there are more commits than are looked at."""
    if seen.unread:
        yield Reason(
            "scope",
            Answer.NO,
            f"{seen.merge_request.ref} has more commits than are looked at: not everyone who committed is known",
            evidence=seen.merge_request.ref,
            hint="squash the commits of its branch into one",
            code=OutOfScope.code,
        )
    extra = [path for path in seen.extra if path not in seen.outside]
    if extra:
        yield Reason(
            "scope",
            Answer.NO,
            f"{seen.merge_request.ref} changes more in {', '.join(extra[:_SHOWN])} than the move of an image",
            evidence=seen.merge_request.ref,
            hint=f"{seen.target.name} asks for no approval, so that a person must merge what nobody looked at",
            code=OutOfScope.code,
        )
    if not seen.outside:
        return
    more = len(seen.outside) - _SHOWN
    names = ", ".join(seen.outside[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    services = " and ".join(each.service.name for each in seen.deliveries)
    yield Reason(
        "scope",
        Answer.NO,
        f"{seen.merge_request.ref} also changes {names}",
        evidence=seen.merge_request.ref,
        hint=f"split it: Tidegate merges only what lies in the {seen.target.name} folder of {services}",
        code=OutOfScope.code,
    )

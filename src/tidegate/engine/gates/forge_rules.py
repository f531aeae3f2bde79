"""Gate: the forge's own approval rules are fulfilled, and the code owners approved where the environment asks for it.

The forge merges nothing before its rules are fulfilled. Here that is told before an image is copied for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.counted import counted
from tidegate.engine.gates.approvals import counted_approvals
from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.release import NotDelivered
from tidegate.model import Answer, ForgeRule, Reason

_GATE = "forge-rules"


def check_forge_rules(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield a reason for each of the forge's rules that is not fulfilled, and one about the code owners."""
    rules = seen.merge_request.rules or ()
    ref = seen.merge_request.ref
    for rule in rules:
        if rule.required and not rule.approved:
            yield _wait(
                seen, f"{ref} needs {_approvals(rule, rule.required - len(rule.approved_by))}, as the forge's rule says"
            )
    if any(rule.overwritten for rule in rules):
        yield Reason(
            _GATE,
            Answer.GO,
            "the forge's rules were changed in the merge request itself; those of the environment are not",
            evidence=ref,
        )
    if seen.target.approvals.code_owners and seen.merge_request.rules is None:  # not read yet
        yield _wait(seen, f"{ref} needs the approval of code owners")
    elif seen.target.approvals.code_owners:
        yield from _code_owners(seen, tuple(rule for rule in rules if rule.code_owners))


def _code_owners(seen: MergeRequestSeen, rules: tuple[ForgeRule, ...]) -> Iterator[Reason]:
    """Yield whether the owners approved; the forge also counts approvals from before the last push, here they don't."""
    required = tuple(rule for rule in rules if rule.required)
    target = seen.target
    if not required:
        yield Reason(
            _GATE,
            Answer.WAIT,
            f"no code owner has to approve what {seen.merge_request.ref} changes, and {target.name} wants one to",
            evidence=seen.merge_request.ref,
            hint=f"name owners in CODEOWNERS on {target.branch}, and have its protection require their approval",
            code=NotDelivered.code,
        )
    counted = frozenset(counted_approvals(seen, of_anyone=True))
    for rule in required:
        missing = rule.required - len(rule.approved_by & counted)
        if missing > 0 and rule.approved:  # what is not approved is told already
            yield _wait(seen, f"{seen.merge_request.ref} needs {_approvals(rule, missing)} of what it is now")
    owners = sorted(set().union(*(rule.approved_by & counted for rule in required)))
    if required and all(len(rule.approved_by & counted) >= rule.required for rule in required):
        yield Reason(_GATE, Answer.GO, f"approved by code owners: {', '.join(owners)}", evidence=seen.merge_request.ref)


def _wait(seen: MergeRequestSeen, text: str) -> Reason:
    ref = seen.merge_request.ref
    hint = f"see on the page of {ref} who must approve"
    if seen.rewritten:
        hint += "; a push takes approvals away there: with `rewrite: on-open` Tidegate pushes none after them"
    return Reason(_GATE, Answer.WAIT, text, evidence=ref, hint=hint, code=NotDelivered.code)


def _approvals(rule: ForgeRule, missing: int) -> str:
    kind = "code owners of " if rule.code_owners else ""
    return f"{counted(max(1, missing), 'more approval')} from {kind}{rule.name}"

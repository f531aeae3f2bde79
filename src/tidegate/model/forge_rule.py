"""ForgeRule: what the forge itself demands before it merges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForgeRule:
    """One of the forge's own approval rules, as it holds for one merge request.

    Args:
        name: as people called it; for code owners their pattern.
        required: how many approvals it wants; 0 for none.
        approved: whether the forge takes it as fulfilled.
        approved_by: who has approved, of those who may.
        eligible: who may approve; empty: anyone.
        code_owners: whether it stands for the owners of changed files.
        overwritten: whether the merge request's rules were changed in the merge request itself.
    """

    name: str
    required: int
    approved: bool
    approved_by: frozenset[str] = frozenset()
    eligible: frozenset[str] = frozenset()
    code_owners: bool = False
    overwritten: bool = False

"""Gates: each a pure condition with a reason. One gate, one file; `GATES` is the table of all, in reading order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tidegate.engine.gates.approvals import check_approvals
from tidegate.engine.gates.forge_rules import check_forge_rules
from tidegate.engine.gates.keep import check_keep
from tidegate.engine.gates.manifest import check_manifest
from tidegate.engine.gates.mergeable import check_mergeable
from tidegate.engine.gates.origin import check_origin
from tidegate.engine.gates.scope import check_scope
from tidegate.engine.gates.soak import check_soak
from tidegate.engine.gates.source_image import check_source_image
from tidegate.engine.gates.state import check_state
from tidegate.engine.gates.target_image import check_target_image
from tidegate.engine.observations import MergeRequestSeen
from tidegate.model import Reason

Gate = Callable[[MergeRequestSeen], Iterator[Reason]]

GATES: tuple[Gate, ...] = (
    check_state,
    check_scope,
    check_manifest,
    check_keep,
    check_origin,
    check_source_image,
    check_target_image,
    check_approvals,
    check_forge_rules,
    check_soak,
    check_mergeable,
)

__all__ = ["GATES"]

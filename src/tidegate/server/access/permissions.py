"""The table of permissions: what can be done, and the role that it takes."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tidegate.model.role import Role


class Permission(Enum):
    """What can be done; the value completes 'may not …'."""

    VIEW = "see anything here"
    PROMOTE = "promote"
    APPROVE = "approve"
    DELIVER = "deliver"
    RESYNC = "have everything looked at anew"


NEEDED: Final = {
    Permission.VIEW: Role.VIEWER,
    Permission.PROMOTE: Role.PROMOTER,
    Permission.APPROVE: Role.PROMOTER,
    Permission.DELIVER: Role.DELIVERER,
    Permission.RESYNC: Role.ADMIN,
}

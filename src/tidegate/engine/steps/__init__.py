"""Steps: the only code with effects. One step, one file; `STEPS` is the table of all.

A step first looks for its own earlier result and adopts it, so that a run that was killed at any point can be
run again.
"""

from tidegate.engine.steps.base import Outcome, Pushed, Run, Step
from tidegate.engine.steps.claim_line import ClaimLine
from tidegate.engine.steps.comment import Comment
from tidegate.engine.steps.commit import CommitFiles, push_ahead
from tidegate.engine.steps.copy_image import CopyImage
from tidegate.engine.steps.merge import Merge
from tidegate.engine.steps.open_merge_request import OpenMergeRequest
from tidegate.engine.steps.tell import Tell
from tidegate.engine.steps.unschedule import Unschedule
from tidegate.engine.steps.verify_image import VerifyImage

STEPS: tuple[type[Step], ...] = (
    CommitFiles,
    OpenMergeRequest,
    Comment,
    CopyImage,
    VerifyImage,
    Tell,
    Merge,
    ClaimLine,
    Unschedule,
)

__all__ = [
    "STEPS",
    "ClaimLine",
    "Comment",
    "CommitFiles",
    "CopyImage",
    "Merge",
    "OpenMergeRequest",
    "Outcome",
    "Pushed",
    "Run",
    "Step",
    "Tell",
    "Unschedule",
    "VerifyImage",
    "push_ahead",
]

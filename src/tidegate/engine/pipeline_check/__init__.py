"""The pipeline check: what a GitOps repository's `.gitlab-ci.yml` gives into the hands of merge requests' authors."""

from __future__ import annotations

from tidegate.engine.pipeline_check.credentials import CREDENTIALS_IN_MERGE_REQUESTS, SECRET_IN_PIPELINE_FILE

RULES = (CREDENTIALS_IN_MERGE_REQUESTS, SECRET_IN_PIPELINE_FILE)

__all__ = ["RULES"]

"""Whatever the API's description allows is answered as it says: schemathesis makes the requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode

from support.engine_world import STAGING
from support.server_parts import Stand
from tidegate.model.role import Role
from tidegate.server.access.attempts import Attempts
from tidegate.server.app import make_app

DESCRIPTION = "/api/v1/openapi.json"
ENDLESS = "/api/v1/events"
KNOWN = {"service": "inventory", "project": STAGING.replace("/", "%2F"), "iid": 1, "to": "staging", "in": "staging"}
LIMITS = settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Return a server that has something to tell."""
    stand = Stand(tmp_path, host="0.0.0.0")  # noqa: S104 - nothing listens
    stand.town.bring("e2e")
    stand.town.promote("staging")
    return stand


def patient(stand: Stand) -> FastAPI:
    """Return the application for somebody who takes ten minutes for each attempt."""
    attempts = Attempts(count(step=600).__next__)
    return make_app(replace(stand.parts, access=replace(stand.parts.access, attempts=attempts)))


def check(schema: BaseSchema, label: str, mode: GenerationMode, headers: Mapping[str, str]) -> set[int]:
    """Have requests to one operation made, and their answers compared with its description; return the statuses."""
    operation = schema.find_operation_by_label(label)
    assert operation is not None
    seen = set()

    @LIMITS
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def answers(case: Case, is_known: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        if is_known and mode is GenerationMode.POSITIVE:
            for given_ in (case.path_parameters, case.query, case.body):
                if isinstance(given_, dict):
                    given_.update({name: value for name, value in KNOWN.items() if name in given_})
        seen.add(case.call_and_validate(headers=dict(headers)).status_code)

    answers()
    return seen


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_it_answers_as_it_says(stand: Stand, mode: GenerationMode) -> None:
    admin = stand.token(Role.ADMIN)
    schema = schemathesis.openapi.from_asgi(DESCRIPTION, patient(stand), headers=admin)
    described = [found.ok().label for found in schema.exclude(path=ENDLESS).get_all_operations()]
    labels = [label for label in described if "/api/v1/" in label]
    assert len(labels) > 12
    statuses = {label: check(schema, label, mode, admin) for label in labels}
    if mode is GenerationMode.POSITIVE:
        assert all(min(seen) in {200, 202} for seen in statuses.values()), statuses

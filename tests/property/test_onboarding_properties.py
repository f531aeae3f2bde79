"""Whatever repositories look like, `tidegate init` writes a configuration that is taken, or says what it lacks."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tidegate.config.load import load_bytes
from tidegate.engine.onboarding.propose import propose
from tidegate.engine.onboarding.seen import Answers, SeenBranch, SeenImage, SeenProject, SeenRelease
from tidegate.engine.onboarding.spots import find_spots
from tidegate.engine.onboarding.write import configuration_text
from tidegate.errors.onboarding import NothingSeen, SpotsAlike
from tidegate.model import ApprovalRule, ImageRef

FOLDERS = st.sampled_from(
    ["dev", "e2e", "prod-eu", "Live", "apps", "inventory", "orders", "yes", "1.0", "ä ö", "{x}", "a: b"]
)
IMAGES = st.builds(
    SeenImage,
    st.builds(
        ImageRef,
        st.sampled_from(["dev.example", "prd.example:5000", "[::1]:5000", "docker.io"]),
        st.sampled_from(["inventory", "team/orders", "proxy"]),
        st.sampled_from(["1.1.3", "1.1.3-rc2", "v2.0.0", "latest", None]),
    ),
    st.booleans(),
)
RELEASES = st.builds(
    SeenRelease,
    st.lists(FOLDERS, max_size=5).map(lambda parts: "/".join([*parts, "r.yaml"])),
    st.lists(st.sampled_from(["inventory", "orders", "yes"]), max_size=2).map(tuple),
    st.lists(IMAGES, max_size=3).map(tuple),
)
BRANCHES = st.builds(SeenBranch, st.sampled_from(["main", "staging", "no"]), st.lists(RELEASES, max_size=4).map(tuple))
PROJECTS = st.lists(
    st.builds(
        SeenProject,
        st.just("https://gitlab.example.com"),
        st.sampled_from(["platform/gitops", "platform/live", "team/inventory"]),
        st.lists(BRANCHES, min_size=1, max_size=2, unique_by=lambda each: each.name).map(tuple),
        st.lists(st.sampled_from(["v1.0.0", "1.0.0", "x"])).map(tuple),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.path,
)


@given(PROJECTS, st.booleans())
def test_what_is_written_is_taken(projects: list[SeenProject], local: bool) -> None:  # noqa: FBT001 # hypothesis's
    spots = find_spots(projects)
    names = {spot: f"place-{number}" for number, spot in enumerate(spots)}
    answers = Answers(names=names, approvals=dict.fromkeys(names.values(), ApprovalRule(1)))
    try:
        proposal = propose(projects, answers)
    except NothingSeen:
        assert not spots
        return
    assert proposal.questions == ()
    text = configuration_text(proposal, "./forge" if local else proposal.base)
    pipeline = load_bytes(text.encode(), Path("/tidegate.yaml"), {}).pipeline
    assert {each.path.text for each in pipeline.environments} == {spot.path.text for spot in spots}
    assert set(pipeline.services) == {each.service for group in spots.values() for each in group}


@given(PROJECTS)
def test_every_question_has_one_answer(projects: list[SeenProject]) -> None:
    try:
        questions = propose(projects, Answers()).questions
    except (NothingSeen, SpotsAlike):
        return
    assert len({each.option for each in questions}) == len(questions)
    assert all(each.option.endswith("=") for each in questions)

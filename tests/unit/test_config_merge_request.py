"""The keys under `merge_request:`, of the forge and of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from tidegate.errors.config import ConfigInvalid, Finding
from tidegate.model import MergeRequestOptions

LOCAL = "forge: {type: local, path: ./forge, groups: {ops: [alice, bob]}"
GITLAB = "forge: {type: gitlab, url: https://gitlab.example.com"
PATH = 'path: "apps/{service}"'


def options(folder: Path, usual: str = "", own: str = "", forge: str = GITLAB) -> MergeRequestOptions:
    """Return the options of `live`, of a file with these keys of the forge's and of the environment's."""
    assert LOCAL in SMALL
    assert PATH in SMALL
    text = SMALL.replace(LOCAL, f"{forge}, merge_request: {{{usual}}}" if usual else forge)
    if own:
        text = text.replace(PATH, f"{PATH}, merge_request: {{{own}}}")
    found = load_text(folder, text).pipeline.environment("live")
    assert found is not None
    return found.merge_request


def findings(folder: Path, *texts: str) -> tuple[Finding, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        options(folder, *texts)
    return caught.value.findings


def test_nothing_is_asked_for_but_a_rebase_where_there_must_be_one(tmp_path: Path) -> None:
    assert options(tmp_path) == MergeRequestOptions()
    assert MergeRequestOptions().rebase


def test_an_environment_s_keys_go_before_the_forge_s_one_by_one(tmp_path: Path) -> None:
    usual = "labels: [promotion, tidegate], reviewers: [alice], squash: true, milestone: '2024.2'"
    own = "reviewers: [bob, carol], assignees: [dana], squash: false, draft: true, rebase: false, merge_train: true"
    assert options(tmp_path, usual, own) == MergeRequestOptions(
        labels=("promotion", "tidegate"),
        reviewers=("bob", "carol"),
        assignees=("dana",),
        milestone="2024.2",
        draft=True,
        merge_train=True,
        rebase=False,
    )


@pytest.mark.parametrize(
    ("own", "what"),
    [
        ("labels: ['a,b']", "is not a label"),
        ("labels: ['']", "is not a label"),
        ("milestone: ' 1'", "is not a milestone's title"),
        ("reviewers: ['a b']", "is not"),
        ("squash: 'yes'", "true or false"),
        ("merge_trian: true", "there is no such key"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, own: str, what: str) -> None:
    (found,) = findings(tmp_path, "", own)
    assert what in found.what
    assert found.key.startswith("environments.live.merge_request.")


def test_a_local_forge_refuses_what_it_can_not_do_and_takes_drafts(tmp_path: Path) -> None:
    assert options(tmp_path, "draft: true", "", LOCAL).draft
    found = findings(tmp_path, "labels: [a], draft: true", "merge_train: true, rebase: false", LOCAL)
    assert [one.key for one in found] == [
        "forge.merge_request.labels",
        "environments.live.merge_request.merge_train",
        "environments.live.merge_request.rebase",
    ]
    assert "a local forge has no merge_train" in found[1].what

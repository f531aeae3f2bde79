"""What the check sees in `.gitlab-ci.yml`: credentials within a merge request author's reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import GITOPS, PRD, STAGING, EngineWorld
from tidegate.engine.check import AREAS, PIPELINES, check
from tidegate.engine.findings import Finding, Severity
from tidegate.model import AwsIdentity, Login

RULE = "credentials-in-merge-requests"
SAFE = "rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}]"
COMPONENT = "include: [{component: $CI_SERVER_FQDN/platform/tidegate/deliver@0.1.0, inputs: {image: x}}]\n"


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def found(town: EngineWorld, text: str, project: str = STAGING, **files: str) -> tuple[Finding, ...]:
    contents = {".gitlab-ci.yml": text.encode(), **{f"{name}.yml": data.encode() for name, data in files.items()}}
    town.write(project, contents)
    return check(town.world(), [PIPELINES])


def job(script: str, *keys: str) -> str:
    return "\n".join(("deploy:", f"  script: ['{script}']", *(f"  {key}" for key in keys), ""))


@pytest.mark.parametrize(
    "keys",
    [
        "rules: [{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}]",
        "rules: [{if: $CI_MERGE_REQUEST_IID, when: manual}]",
        "rules: [{if: '$CI_COMMIT_TAG', when: never}, {when: on_success}]",
        "rules: [{changes: [apps/**]}]",
        "rules: [{if: '$CI_MERGE_REQUEST_APPROVED == \"true\"'}]",
        "rules: [{if: '$CI_COMMIT_BRANCH'}]",
        "only: [merge_requests]",
        "only: {refs: [branches]}",
        "stage: deploy",
    ],
)
def test_a_delivery_within_an_authors_reach(town: EngineWorld, keys: str) -> None:
    (finding,) = found(town, job("tidegate deliver --all", keys))
    assert (finding.rule, finding.severity, finding.project) == (RULE, Severity.WARNING, STAGING)
    assert (finding.place.file, finding.place.line) == (".gitlab-ci.yml", 2)
    assert finding.what.startswith("the job deploy runs `tidegate deliver --all` in ")
    assert finding.what.endswith("and so needs there what may write to e2e and prd")


@pytest.mark.parametrize(
    "keys",
    [
        SAFE,
        "rules: [{if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}]",
        "rules: [{if: $CI_MERGE_REQUEST_IID, when: never}, {if: '$CI_COMMIT_REF_PROTECTED == \"true\"'}]",
        "rules: []",
        "rules: [{if: '$CI_COMMIT_BRANCH == \"main\"'}]",
        "only: [schedules]",
    ],
)
def test_a_delivery_out_of_reach(town: EngineWorld, keys: str) -> None:
    assert found(town, job("tidegate deliver --all", keys)) == ()


@pytest.mark.parametrize(
    "script",
    [
        "tidegate -C . deliver inventory --to staging",
        "tidegate image copy a b",
        "skopeo copy --all docker://a docker://b",
        "crane cp a b",
        "set -e; tidegate image tag a b",
    ],
)
def test_what_writes_to_a_registry(town: EngineWorld, script: str) -> None:
    assert len(found(town, job(script))) == 1


@pytest.mark.parametrize(
    "script",
    [
        "tidegate check",
        "tidegate deliver --all --dry-run",
        "tidegate status # then deliver",
        "tidegate promote inventory --to e2e",
        "echo tidegate; ./deliver",
        "skopeo inspect docker://a",
    ],
)
def test_what_only_reads(town: EngineWorld, script: str) -> None:
    assert found(town, job(script)) == ()


def test_the_component_as_it_is_is_out_of_reach(town: EngineWorld) -> None:
    assert found(town, COMPONENT) == ()


def test_the_component_with_rules_of_ones_own(town: EngineWorld) -> None:
    text = f"{COMPONENT}tidegate-deliver:\n  rules:\n    - if: $CI_MERGE_REQUEST_IID\n"
    (finding,) = found(town, text)
    assert finding.place.line == 1
    assert "(by .gitlab-ci.yml:4)" in finding.what
    renamed = text.replace("{image: x}", "{image: x, job: tidegate-deliver-all}")
    assert found(town, renamed) == ()
    (finding,) = found(town, renamed.replace("\ntidegate-deliver:", "\ntidegate-deliver-all:"))
    assert finding.rule == RULE


def test_what_is_included_and_extended_counts(town: EngineWorld) -> None:
    text = "include: [/base.yml]\ndeploy:\n  extends: [.in-merge-requests, .base]\n"
    base = (
        ".base:\n  script:\n    - |\n      set -e\n      skopeo copy docker://a docker://b\n"
        ".in-merge-requests:\n  only: [merge_requests]\n"
    )
    (finding,) = found(town, text, base=base)
    assert str(finding.place) == "base.yml:5"
    assert found(town, text, base=base.replace("merge_requests]", "main]")) == ()


def test_a_workflow_that_makes_no_such_pipelines(town: EngineWorld) -> None:
    text = "workflow: {rules: [{if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}]}\n" + job("tidegate deliver --all")
    assert found(town, text) == ()


def test_an_id_token_that_takes_the_targets_role(town: EngineWorld) -> None:
    role = AwsIdentity(role_arn="arn:aws:iam::333333333333:role/t", web_identity_env="AWS_ID_TOKEN")
    for name in ("staging", "production"):
        town.change(name, registry=replace(PRD, credentials=role))
    text = job("./release.sh", "id_tokens: {AWS_ID_TOKEN: {aud: x}}")
    (finding,) = found(town, text)
    assert "gets the id token AWS_ID_TOKEN, by which the role of prd is taken" in finding.what
    assert found(town, text.replace("AWS_ID_TOKEN", "VAULT_ID_TOKEN")) == ()


def test_a_secret_in_the_file_is_an_error_that_does_not_tell_it(town: EngineWorld) -> None:
    login = Login(username="robot", password_env="PRD_PASSWORD")
    town.change("staging", registry=replace(PRD, credentials=login))
    text = "variables:\n  PRD_PASSWORD: hunter2hunter2\n  PRD_USER: robot\njob:\n  script: ['true']\n"
    text += "  variables: {AWS_SECRET_ACCESS_KEY: {value: hunter2}, GITLAB_TOKEN: $OTHER}\n"
    finding, _ = found(town, text)
    assert (finding.rule, finding.severity, finding.place.line) == ("secret-in-pipeline-file", Severity.ERROR, 2)
    assert "hunter2" not in repr(check(town.world(), [PIPELINES]))


def test_a_comment_switches_a_finding_off(town: EngineWorld) -> None:
    text = job("tidegate deliver --all", "only: [merge_requests]")
    ignored = text.replace("']\n", f"'] # tidegate:ignore {RULE} only we may open merge requests\n", 1)
    (finding,) = found(town, ignored)
    assert finding.ignored == "only we may open merge requests"


def test_another_branch_and_every_repository_are_looked_at(town: EngineWorld) -> None:
    town.write(GITOPS, {".gitlab-ci.yml": job("tidegate deliver --all").encode()}, branch="feature")
    assert check(town.world(), AREAS) == ()
    assert [each.project for each in check(town.world(), AREAS, branch="feature")] == [GITOPS]


@pytest.mark.parametrize(
    "text", ["", "- a\n", "a: [", "deploy: text\n", "include: {local: [x]}\ndeploy: {script: {}}\n"]
)
def test_a_file_that_is_no_pipeline_is_gitlabs_to_tell(town: EngineWorld, text: str) -> None:
    assert found(town, text) == ()

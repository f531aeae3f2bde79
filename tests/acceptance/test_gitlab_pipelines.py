"""The GitLab CI components, as GitLab takes them and as a runner runs them, from a build to a delivery."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import re2
import yaml

from support.git_worlds import commit_files, git
from support.gitlab_pipelines import (
    ROOT,
    SCHEDULE,
    TEMPLATES,
    PipelineCheckout,
    included,
    merge_request_variables,
)
from support.gitlab_stand import APPLICATION, Stand, gitlab_stand
from support.road_texts import DEV, file_of, image_policy

NAMES = ("version", "promote", "deliver", "check")
INPUTS: dict[str, dict[str, object]] = {name: {"service": "inventory"} for name in ("version", "promote")}
COPYING = b"""\
copy:
  script: [skopeo copy docker://e2e.example/a:1 docker://prd.example/a:1]
  rules: [{if: $CI_MERGE_REQUEST_APPROVED}]
"""
BUILD = """\
import os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from support.road_world import RoadWorld, release_image
world, version = RoadWorld(Path({folder!r})), os.environ["TIDEGATE_VERSION"]
world.push_image("dev", version, release_image("inventory " + version))
world.declare("dev", version)  # Flux, played
"""


def component(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the jobs of a component, as they are written."""
    header, jobs = yaml.safe_load_all((TEMPLATES / f"{name}.yml").read_text(encoding="utf-8"))
    return header, jobs


def check_schema(*files: Path) -> None:
    """Fail unless GitLab's own schema of .gitlab-ci.yml takes the files."""
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.gitlab-ci", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world") as stand:
        yield stand


@pytest.fixture(scope="module")
def schedule(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineCheckout]:
    """A checkout with `deliver`, for those who only look at its jobs."""
    with gitlab_stand(tmp_path_factory.mktemp("schedule") / "world") as stand:
        yield delivering(stand)


def delivering(stand: Stand) -> PipelineCheckout:
    found = stand.checkout(DEV)
    found.configure({"include": [included("deliver")]})
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_input_is_described_and_used_and_its_default_fits(name: str) -> None:
    header, jobs = component(name)
    inputs = header["spec"]["inputs"]
    for key, given in inputs.items():
        assert given["description"].endswith("."), key
        assert f"inputs.{key} " in yaml.safe_dump(jobs, width=10_000), key
        default = given.get("default")
        assert default is None or {"string": str, "array": list, "boolean": bool}[given["type"]] is type(default), key
        assert default is None or "options" not in given or default in given["options"], key
        assert default is None or "regex" not in given or re2.fullmatch(given["regex"], default), key
    assert [key for key, given in inputs.items() if "default" not in given] == ["image", *_without_default(name)]


def _without_default(name: str) -> list[str]:
    return ["service"] if name == "promote" else []


def test_gitlabs_schema_takes_header_and_expanded_jobs(stand: Stand, tmp_path: Path) -> None:
    checkout = stand.checkout(DEV)
    checkout.configure({"include": [included(name, **INPUTS.get(name, {})) for name in NAMES]})
    expanded = checkout.expanded()
    assert {f"tidegate-{name}" for name in NAMES} <= set(expanded)
    files = [tmp_path / "expanded.yml"]
    files[0].write_text(yaml.safe_dump(expanded))
    for name in NAMES:
        files.append(tmp_path / f"{name}.yml")
        files[-1].write_text(yaml.safe_dump(component(name)[0]))
    check_schema(checkout.folder / ".gitlab-ci.yml", *files)


def test_from_a_build_to_a_delivery(stand: Stand, tmp_path: Path) -> None:
    """A push builds 1.1.4 and opens the merge request for e2e; the schedule delivers it."""
    world = stand.world
    script = tmp_path / "build.py"
    script.write_text(BUILD.format(tests=str(ROOT / "tests"), folder=str(world.folder)))
    application = stand.checkout(APPLICATION)
    application.configure(
        {
            "include": [
                included("version", service="inventory"),
                included("promote", service="inventory", timeout="30s"),
            ],
            "build": {
                "stage": "build",
                "rules": [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}],
                "script": [f"{sys.executable} {script}"],
            },
        }
    )
    built = application.run()
    assert built.code == 0, built.out + built.err
    assert "1.1.4" in git("tag", cwd=world.repository(APPLICATION)).split()
    (request,) = stand.merge_requests()
    assert "1.1.4-rc1" in request["title"]

    schedule = delivering(stand)
    delivered = schedule.run(variables=SCHEDULE)
    assert delivered.code == 0, delivered.out + delivered.err
    assert b"tag: 1.1.4-rc1\n" in world.read(DEV, file_of("e2e"))
    assert world.layout("e2e").resolve("inventory", "1.1.4-rc1") == world.layout("dev").resolve("inventory", "1.1.4")
    again = schedule.run(variables=SCHEDULE)
    assert again.code == 0, again.out + again.err


def test_what_flux_has_not_taken_yet_is_a_warning(stand: Stand) -> None:
    application = stand.checkout(APPLICATION)
    application.configure({"include": [included("promote", service="inventory", timeout="1s", version="9.9.9")]})
    ended = application.run()
    assert ended.code == 0, ended.err
    assert "WARN  tidegate-promote" in ended.out
    assert stand.merge_requests() == []


@pytest.mark.parametrize(
    ("variables", "runs"),
    [
        (SCHEDULE, True),
        (SCHEDULE | {"CI_PIPELINE_SOURCE": "trigger"}, True),
        (SCHEDULE | {"CI_COMMIT_REF_PROTECTED": "false"}, False),
        (SCHEDULE | {"CI_PIPELINE_SOURCE": "push"}, False),
        (SCHEDULE | {"CI_COMMIT_BRANCH": "feature"}, False),
        (merge_request_variables("feature"), False),
        (merge_request_variables("feature") | {"CI_COMMIT_REF_PROTECTED": "true"}, False),
    ],
)
def test_deliver_runs_for_the_protected_default_branch_alone(
    schedule: PipelineCheckout, variables: dict[str, str | None], *, runs: bool
) -> None:
    assert ("tidegate-deliver" in schedule.jobs(variables)) == runs


def test_deliver_is_one_at_a_time_and_asks_for_an_id_token(schedule: PipelineCheckout) -> None:
    job: Any = schedule.expanded()["tidegate-deliver"]
    assert job["resource_group"] == "tidegate-deliver"
    assert job["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "$CI_SERVER_URL"}}


def test_a_merge_request_shows_what_is_wrong_in_it(stand: Stand) -> None:
    world = stand.world
    files = {"clusters/dev/inventory/policy.yaml": image_policy("9.x"), ".gitlab-ci.yml": COPYING}
    commit_files(world.repository(DEV), "feature", files)
    checkout = stand.checkout(DEV)
    checkout.configure({"include": [included("check")]})
    assert checkout.jobs(SCHEDULE) == {}
    variables = merge_request_variables("feature")
    fork = variables | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}
    assert checkout.jobs(fork) == {}
    before = world.log(DEV, "%H")
    ended = checkout.run(variables=variables)
    assert ended.code == 1, ended.out
    assert "selects-nothing" in ended.out
    report = next(checkout.folder.glob(".gitlab-ci-local/artifacts/*/gl-code-quality-report.json"))
    problems = {each["check_name"]: each["location"] for each in json.loads(report.read_text())}
    assert problems == {
        "credentials-in-merge-requests": {"path": ".gitlab-ci.yml", "lines": {"begin": 2}},
        "selects-nothing": {"path": "clusters/dev/inventory/policy.yaml", "lines": {"begin": 11}},
    }
    assert json.loads(report.with_name("tidegate.sarif").read_text())["version"] == "2.1.0"
    assert world.log(DEV, "%H") == before
    assert {call.method for call in stand.gitlab.calls} <= {"GET"}

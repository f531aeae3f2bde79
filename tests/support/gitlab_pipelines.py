"""A project's pipeline, run by gitlab-ci-local in a checkout: it expands components and inputs as GitLab does.

Components are included by the lines that people write (`component: $CI_SERVER_FQDN/…@…`); gitlab-ci-local finds them
in its store of fetched includes, where a checkout puts them: to fetch one over plain HTTP it wants a server on port 80
or 443. `image:` is passed over (shell executor). It does not check `regex:` of an input and gives no `id_tokens`, and
protected branches and variables are GitLab's: tests do without, give AWS_ID_TOKEN, and say CI_COMMIT_REF_PROTECTED.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from support.cli import Ended
from support.git_worlds import git

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = ROOT / "templates"
PROGRAM: Final = ROOT / "tests/support/node/node_modules/.bin/gitlab-ci-local"
COMPONENTS: Final = "platform/tidegate"
REF: Final = "0.1.0"

SCHEDULE: Final = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_REF_PROTECTED": "true"}


def merge_request_variables(branch: str, project_id: int = 1217) -> dict[str, str | None]:
    """Return the variables of a merge request's own pipeline; those with None are unset."""
    return {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": "1",
        "CI_MERGE_REQUEST_PROJECT_ID": str(project_id),
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": str(project_id),
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch,
        "CI_COMMIT_REF_NAME": branch,
        "CI_COMMIT_BRANCH": None,
    }


def included(component: str, **inputs: object) -> dict[str, object]:
    """Return an entry of `include:` for one of our components."""
    return {
        "component": f"$CI_SERVER_FQDN/{COMPONENTS}/{component}@{REF}",
        "inputs": {"image": "registry.example.com/tidegate:0.1.0", **inputs},
    }


@dataclass
class PipelineCheckout:
    """A checkout of a project, whose jobs can be run.

    Args:
        folder: the checkout; its `origin` says which server and project it is of.
        environ: what every job gets: no more than this and what GitLab predefines.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def clone(cls, url: str, folder: Path, environ: Mapping[str, str]) -> PipelineCheckout:
        """Clone as a runner does, with the token in the address, and put the components where they are looked for."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        git("clone", "--quiet", url, str(folder), cwd=folder.parent)
        store = folder / f".gitlab-ci-local/includes/127.0.0.1/{COMPONENTS}/{REF}/templates"
        shutil.copytree(TEMPLATES, store)
        return cls(folder, environ)

    def configure(self, document: Mapping[str, object]) -> None:
        """Write .gitlab-ci.yml."""
        (self.folder / ".gitlab-ci.yml").write_text(yaml.safe_dump(dict(document), sort_keys=False))

    def jobs(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """Return the jobs that a pipeline with these variables has, and when each runs."""
        listed = self._run(("--list-json",), variables)
        assert listed.code == 0, listed.err + listed.out
        return {job["name"]: job["when"] for job in json.loads(_told(listed)) if job["when"] != "never"}

    def expanded(self) -> dict[str, object]:
        """Return .gitlab-ci.yml with every include expanded."""
        shown = self._run(("--preview",), {})
        assert shown.code == 0, shown.err
        document: dict[str, object] = yaml.safe_load(_told(shown))
        return document

    def run(self, *jobs: str, variables: Mapping[str, str | None] | None = None) -> Ended:
        """Run a pipeline's jobs, or those that are named."""
        return self._run(jobs, variables or {})

    def _run(self, arguments: tuple[str, ...], variables: Mapping[str, str | None]) -> Ended:
        given = [word for name, value in variables.items() if value for word in ("--variable", f"{name}={value}")]
        unset = [word for name, value in variables.items() if value is None for word in ("--unset-variable", name)]
        done = subprocess.run(
            [str(PROGRAM), "--force-shell-executor", "--no-color", *given, *unset, *arguments],
            cwd=self.folder,
            env={
                **self.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "GIT_CONFIG_GLOBAL": "/dev/null",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


def _told(ended: Ended) -> str:
    """Return what was printed but for warnings, which gitlab-ci-local prints among data."""
    return "".join(line for line in ended.out.splitlines(keepends=True) if not line.startswith(" WARN"))

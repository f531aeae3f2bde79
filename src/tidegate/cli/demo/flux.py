"""Flux's part in dev: no cluster is there, so the demo plays the image automation."""

from __future__ import annotations

from tidegate.bootstrap import open_world
from tidegate.cli.demo.stage import Stage
from tidegate.config import load
from tidegate.engine.declared import branch_head, read_declared
from tidegate.engine.manifests import manifest_diff, with_image
from tidegate.engine.policy.lanes import lane_selection, read_lane, require_lane, require_selection
from tidegate.errors.demo import UnexpectedEnd
from tidegate.model import ImageRef
from tidegate.ports import Change

_AUTHOR = "fluxcdbot"


def play_image_automation(stage: Stage, service_name: str) -> None:
    """Commit the tag that the ImagePolicy selects at the setter marker, as an ImageUpdateAutomation does."""
    configuration = load(stage.folder, file=None, environ=stage.environ)
    with open_world(configuration, stage.environ, stage.clock, _AUTHOR) as world:
        service, environment = world.service(service_name), world.environment("dev")
        repo = world.repo(environment)
        head = branch_head(repo, environment)
        declared = read_declared(repo, head, environment, service)
        if declared is None:
            raise UnexpectedEnd(f"dev has no HelmRelease of {service_name}", where=str(stage.folder))
        lane = require_lane(read_lane(repo, head, environment, service, declared), environment, service)
        tag = require_selection(lane, lane_selection(world.images, lane))
        if tag == declared.image.tag:
            stage.aside(f"Flux (played here) selects {tag}, which the HelmRelease names already")
            return
        changed = with_image(declared, ImageRef(declared.image.host, declared.image.repository, tag))
        change = Change({declared.file: changed}, f"Update {service_name} to {tag}", author=_AUTHOR)
        repo.push(environment.branch, change, parent=head, expected=head)
    stage.aside(f"Flux (played here) selects {tag} and commits it to {environment.repo}")
    for line in manifest_diff(declared.data, changed, declared.file).splitlines():
        if line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
            stage.note(line)

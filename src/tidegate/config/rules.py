"""What the values of tidegate.yaml must say about each other. Each rule yields findings and stands alone.

Rules read the tree, not the schema's objects: they also run when some value is wrong by itself, so that all errors
come at once. What is not of the expected kind is passed over: the schema has reported it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from tidegate.config.cluster_schema import one_kubeconfig
from tidegate.config.explain import suggest
from tidegate.config.merge_request_schema import OF_EVERY_FORGE, MergeRequestSection
from tidegate.config.registry_rules import REGISTRY_RULES
from tidegate.config.server_rules import SERVER_RULES
from tidegate.config.tree import Block, Leaf, Path, Row, dotted, key_place, leaves
from tidegate.errors.config import Finding
from tidegate.model.image import known_as

Rule: TypeAlias = Callable[[Block], Iterator[Finding]]


def one_host_each(tree: Block) -> Iterator[Finding]:
    """Two registries of one host could not be told apart in an image reference."""
    seen: dict[str, str] = {}
    for name, registry in tree.blocks("registries"):
        host = registry.text("host")
        if host is None:
            continue
        other = seen.setdefault(known_as(host.value).lower(), name)
        if other != name:
            key = dotted(("registries", name, "host"))
            yield Finding(host.place, key, f"{host.value} is the host of {other}, too", "give each host one registry")


def registry_known(tree: Block) -> Iterator[Finding]:
    """An environment's registry stands under `registries`."""
    accounts = tree.block("registries")
    known = tuple(accounts.entries) if accounts else ()
    for name, environment in tree.blocks("environments"):
        registry = environment.text("registry")
        if registry is not None and registry.value not in known:
            key = dotted(("environments", name, "registry"))
            what = f"there is no registry {registry.value!r}"
            yield Finding(registry.place, key, what, suggest(registry.value, known))


def source_known(tree: Block) -> Iterator[Finding]:
    """An environment flows from one that exists."""
    environments = tree.block("environments")
    known = tuple(environments.entries) if environments else ()
    for name, environment in tree.blocks("environments"):
        source = environment.text("from")
        if source is not None and source.value not in known:
            others = tuple(other for other in known if other != name)
            what = f"there is no environment {source.value!r}"
            yield Finding(source.place, dotted(("environments", name, "from")), what, suggest(source.value, others))


def no_cycle(tree: Block) -> Iterator[Finding]:
    """Following `from` leads to a first environment."""
    sources = {name: source for name, block in tree.blocks("environments") if (source := block.text("from"))}
    reported: set[str] = set()
    for start, source in sources.items():
        way = [start]
        while way[-1] in sources and sources[way[-1]].value not in way:
            way.append(sources[way[-1]].value)
        last = sources.get(way[-1])
        if last is None or last.value != start or start in reported:
            continue
        reported.update(way)
        circle = " → ".join(reversed([*way, start]))
        key = dotted(("environments", start, "from"))
        yield Finding(source.place, key, f"goes in a circle: {circle}", "one environment must have no from")


def one_start(tree: Block) -> Iterator[Finding]:
    """Releases enter the pipeline at one environment."""
    starts = [name for name, block in tree.blocks("environments") if "from" not in block.entries]
    for name in starts[1:]:
        path = ("environments", name)
        what = f"has no from, and neither has {starts[0]}: releases can enter at one environment only"
        yield Finding(key_place(tree, path), dotted(path), what, f"add from: {starts[0]}, or another environment")


def own_folder(tree: Block) -> Iterator[Finding]:
    """Two environments in one folder of one branch would overwrite each other."""
    seen: dict[tuple[str, str, str], str] = {}
    for name, environment in tree.blocks("environments"):
        repo, path, branch = (environment.text(key) for key in ("repo", "path", "branch"))
        if repo is None or path is None:
            continue
        spot = (repo.value, branch.value if branch else "main", path.value)
        other = seen.setdefault(spot, name)
        if other != name:
            key = dotted(("environments", name, "path"))
            yield Finding(path.place, key, f"{other} has the same repo, branch and path", "give each its own path")


def enough_approvers(tree: Block) -> Iterator[Finding]:
    """When only users are listed, there are as many of them as must approve."""
    for name, environment in tree.blocks("environments"):
        approvals = environment.block("approvals")
        if approvals is None:
            continue
        count, named = approvals.entries.get("count"), {text.value for text in approvals.texts("from")}
        needed = count.value if isinstance(count, Leaf) else 1
        only_users = bool(named) and all(one.startswith("user:") for one in named)
        if only_users and isinstance(needed, int) and needed > len(named):
            place = count.place if count else approvals.place
            key = dotted(("environments", name, "approvals", "count"))
            what = f"{needed} must approve, and {len(named)} may"
            yield Finding(place, key, what, "name more users or a group in from, or lower count")


def code_owners_with_approvals(tree: Block) -> Iterator[Finding]:
    """Code owners are the forge's to tell: a local forge has none. They approve, so that an approval is asked for."""
    forge = tree.block("forge")
    kind = forge.text("type") if forge else None
    for name, environment in tree.blocks("environments"):
        approvals = environment.block("approvals")
        wanted = approvals.entries.get("code_owners") if approvals else None
        if approvals is None or not isinstance(wanted, Leaf) or wanted.value is not True:
            continue
        key = dotted(("environments", name, "approvals", "code_owners"))
        count = approvals.entries.get("count")
        if kind is not None and kind.value == "local":
            yield Finding(wanted.place, key, "a local forge knows no code owners", "name the owners in from")
        elif isinstance(count, Leaf) and count.value == 0:
            yield Finding(wanted.place, key, "count is 0: nobody has to approve", "raise count, or delete code_owners")


def group_known(tree: Block) -> Iterator[Finding]:
    """A local forge knows only the groups that stand in this file."""
    forge = tree.block("forge")
    if forge is None or (kind := forge.text("type")) is None or kind.value != "local":
        return
    groups = forge.block("groups")
    known = tuple(groups.entries) if groups else ()
    for name, environment in tree.blocks("environments"):
        approvals = environment.block("approvals")
        for index, approver in enumerate(approvals.texts("from") if approvals else ()):
            group = approver.value.removeprefix("group:")
            if group != approver.value and group not in known:
                key = dotted(("environments", name, "approvals", "from", index))
                hint = suggest(group, known) or f"add it to forge.groups, e.g. {group}: [alice]"
                yield Finding(approver.place, key, f"the local forge has no group {group!r}", hint)


def forge_complete(tree: Block) -> Iterator[Finding]:
    """GitLab has a URL; a local forge has a folder or a URL."""
    forge = tree.block("forge")
    kind = forge.text("type") if forge else None
    if forge is None or kind is None:
        return
    if kind.value == "gitlab":
        if "url" not in forge.entries:
            yield Finding(forge.place, "forge.url", "this key is missing", "e.g. url: https://gitlab.example.com")
        elif (url := forge.text("url")) and not url.value.startswith(("https://", "http://")):
            what = "GitLab's address is an http or https URL"
            yield Finding(url.place, "forge.url", what, "e.g. url: https://gitlab.example.com")
        for key in ("path", "groups"):
            if key in forge.entries:
                place = forge.keys[key]
                yield Finding(place, f"forge.{key}", "GitLab has no such key", "delete it, or write type: local")
    elif kind.value == "local" and "tokens" in forge.entries:
        what = "a local forge has no tokens"
        yield Finding(forge.keys["tokens"], "forge.tokens", what, "delete it, or write type: gitlab")
    elif kind.value == "local" and ("url" in forge.entries) == ("path" in forge.entries):
        what = "a local forge has either path or url"
        yield Finding(kind.place, "forge", what, "e.g. path: ./forge, a folder next to this file")


def local_forge_merges_plainly(tree: Block) -> Iterator[Finding]:
    """A local forge has no labels, pipelines or merge methods: what it can't do is not silently left out."""
    forge = tree.block("forge")
    if forge is None or (kind := forge.text("type")) is None or kind.value != "local":
        return
    parents: list[tuple[Path, Block]] = [(("forge",), forge)]
    parents += [(("environments", name), block) for name, block in tree.blocks("environments")]
    for path, parent in parents:
        options = parent.block("merge_request")
        for key in options.keys if options else ():
            if options is not None and key in MergeRequestSection.model_fields and key not in OF_EVERY_FORGE:
                what = f"a local forge has no {key}: it merges with a merge commit, and keeps title and text alone"
                hint = "delete it, or write type: gitlab"
                yield Finding(options.keys[key], dotted((*path, "merge_request", key)), what, hint)


def keep_with_release(tree: Block) -> Iterator[Finding]:
    """`keep` says what stays when the whole file is copied; when only the image moves, all else stays anyway."""
    for name, service in tree.blocks("services"):
        kept, carry = service.entries.get("keep"), service.text("carry")
        if isinstance(kept, Row) and kept.items and (carry is None or carry.value == "image"):
            what = "keep has a meaning only with carry: release"
            yield Finding(kept.place, dotted(("services", name, "keep")), what, "add carry: release, or delete keep")


def ranges_with_auto(tree: Block) -> Iterator[Finding]:
    """`ranges` says how the range of a lane changes; an environment that merge requests move has no lane."""
    for name, environment in tree.blocks("environments"):
        ranges, deploy = environment.entries.get("ranges"), environment.text("deploy")
        if ranges is not None and (deploy is None or deploy.value == "merge-request"):
            what = "ranges has a meaning only with deploy: auto"
            yield Finding(ranges.place, dotted(("environments", name, "ranges")), what, "delete it, or deploy: auto")


def promote_by_merge_request(tree: Block) -> Iterator[Finding]:
    """`promote` says who opens merge requests; where none are opened it has no meaning."""
    for name, environment in tree.blocks("environments"):
        promote, deploy = environment.entries.get("promote"), environment.text("deploy")
        if promote is None:
            continue
        key = dotted(("environments", name, "promote"))
        if "from" not in environment.entries:
            yield Finding(promote.place, key, "nothing is promoted to the first environment", "delete it, or add from:")
        elif deploy is not None and deploy.value == "auto":
            what = "Flux's image automation moves it: no merge request is opened"
            yield Finding(promote.place, key, what, "delete it, or deploy: merge-request")


def no_control_characters(tree: Block) -> Iterator[Finding]:
    """Names and values are what a person can read: no escape sequences, no line breaks, no invisible characters."""
    what = "has a control character"
    told: set[Path] = set()
    for path, leaf in leaves(tree, ()):
        above = (path[: length + 1] for length, part in enumerate(path) if not str(part).isprintable())
        unreadable = next(above, None)
        if unreadable is not None and unreadable not in told:
            told.add(unreadable)
            yield Finding(key_place(tree, unreadable), dotted(unreadable), f"the name {what}", "delete it")
        if isinstance(leaf.value, str) and not leaf.value.isprintable():
            yield Finding(leaf.place, dotted(path), f"the value {what}", "delete it")


RULES: Final[tuple[Rule, ...]] = (
    no_control_characters,
    forge_complete,
    one_host_each,
    *REGISTRY_RULES,
    registry_known,
    source_known,
    no_cycle,
    one_start,
    own_folder,
    enough_approvers,
    code_owners_with_approvals,
    group_known,
    local_forge_merges_plainly,
    keep_with_release,
    ranges_with_auto,
    promote_by_merge_request,
    one_kubeconfig,
    *SERVER_RULES,
)

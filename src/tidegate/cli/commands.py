"""The table of commands, in the order of the help. It is read without importing any of them.

To add a command: write `tidegate/cli/NAME.py` and add its line here. The short help equals the first sentence of the
command's docstring; a test compares them.
"""

from __future__ import annotations

from typing import Final

from tidegate.cli.lazy import Entry

EVERYDAY: Final = "Everyday"
MERGE_REQUESTS: Final = "Merge requests"
TOOLS: Final = "Tools"
START: Final = "Start here"

SECTIONS: Final = (EVERYDAY, MERGE_REQUESTS, TOOLS, START)

AT_SERVERS: Final = ("status", "plan", "promote", "deliver", "why")
"""What a server does, too: `tidegate --server URL …`."""

COMMANDS: Final = (
    Entry(
        "status",
        "tidegate.cli.status:status",
        EVERYDAY,
        "Show which version every environment has, with its digest and since when.",
    ),
    Entry(
        "plan", "tidegate.cli.plan:plan", EVERYDAY, "Show what a promotion would do, step by step, and write nothing."
    ),
    Entry(
        "promote",
        "tidegate.cli.promote:promote",
        EVERYDAY,
        "Open the merge request that brings a release to the next environment.",
    ),
    Entry(
        "deliver",
        "tidegate.cli.deliver:deliver",
        EVERYDAY,
        "Make the images of approved merge requests available, and merge them.",
    ),
    Entry("why", "tidegate.cli.why:why", EVERYDAY, "Say why a version waits before an environment."),
    Entry(
        "wait",
        "tidegate.cli.wait:wait",
        EVERYDAY,
        "Wait until an environment declares a release; exit code 8 when the time is over.",
    ),
    Entry(
        "serve",
        "tidegate.cli.serve:serve",
        EVERYDAY,
        "Deliver what is approved as soon as it may go, hear webhooks, and show the board.",
    ),
    Entry(
        "worker",
        "tidegate.cli.worker:worker",
        EVERYDAY,
        "Share the work of `tidegate serve`, as one of any number of processes.",
    ),
    Entry("mr", "tidegate.cli.mr:mr", MERGE_REQUESTS, "List, read, open, approve and close merge requests."),
    Entry(
        "check",
        "tidegate.cli.check:check",
        TOOLS,
        "Find what will go wrong in the GitOps repositories, before it does; exit code 1 on errors.",
    ),
    Entry(
        "policy",
        "tidegate.cli.policy.command:policy",
        TOOLS,
        "Show, test, check and hold what ImagePolicies let through.",
    ),
    Entry(
        "manifest",
        "tidegate.cli.manifest:manifest",
        TOOLS,
        "Find images in HelmReleases, and change a value without touching another byte.",
    ),
    Entry("version", "tidegate.cli.version.command:version", TOOLS, "Compute, claim and compare versions."),
    Entry(
        "release",
        "tidegate.cli.release:release",
        TOOLS,
        "Open the next line of versions and move the ImagePolicies' ranges to it.",
    ),
    Entry("image", "tidegate.cli.image.command:image", TOOLS, "Copy, tag, list, inspect, verify and remove images."),
    Entry("token", "tidegate.cli.token:token", TOOLS, "Make and list API tokens of the server."),
    Entry(
        "notify",
        "tidegate.cli.notify:notify",
        TOOLS,
        "Send a test message to those whom the server tells what is new.",
    ),
    Entry("auth", "tidegate.cli.auth:auth", TOOLS, "Show which credentials are used for which registry."),
    Entry("config", "tidegate.cli.config:config", TOOLS, "Show, check and describe tidegate.yaml."),
    Entry(
        "init",
        "tidegate.cli.init.command:init",
        START,
        "Look at existing repositories and write a tidegate.yaml that fits them.",
    ),
    Entry(
        "demo",
        "tidegate.cli.demo.command:demo",
        START,
        "Play the whole road, dev → e2e → staging → production, in a folder.",
    ),
)

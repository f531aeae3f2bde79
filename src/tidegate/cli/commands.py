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

COMMANDS: Final = (Entry("config", "tidegate.cli.config:config", TOOLS, "Show, check and describe tidegate.yaml."),)

"""The command line: parse input, call the engine, print. No decisions."""


def main() -> None:
    """Run the command line."""

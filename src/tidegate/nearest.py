"""What somebody may have meant who misspelt a word."""

from __future__ import annotations

from collections.abc import Collection


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """Return `did you mean …?` with the one of `known` that is nearest to `word`; None when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - of what goes wrong

    nearest = get_close_matches(word, known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else None

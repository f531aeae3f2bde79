"""How many, in words."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return how many of what: `1 layer lies elsewhere`, `2 layers lie elsewhere`, `0 blobs`.

    Args:
        number: how many.
        one: what is said of one, without the number.
        many: what is said of any other number; `one` and an s when it is left out.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"

"""What all sections of the schema are made of."""

from __future__ import annotations

from typing import Final

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from tidegate.config import grammar

CUSTOM: Final = "tidegate"
"""The type of pydantic errors that come from our own checks."""


def checked(check: grammar.Check) -> AfterValidator:
    """Return the validator of a text that `check` must find nothing wrong with."""

    def validate(text: str) -> str:
        wrong = check(text)
        if wrong is not None:
            raise PydanticCustomError(CUSTOM, "{what}", {"what": wrong.what, "hint": wrong.hint})
        return text

    return AfterValidator(validate)


class Section(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        model_title_generator=lambda section: section.__name__.removesuffix("Section").lower(),
    )

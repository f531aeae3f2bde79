"""Which version a build gets, and who has claimed it."""

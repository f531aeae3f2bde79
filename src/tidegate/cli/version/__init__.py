"""`tidegate version`: which version a build gets, and filters for lists of versions."""

"""A stateful GitLab for tests, over real bare repositories."""

from tidegate.testing.gitlab.fake import FakeGitLab, Fault
from tidegate.testing.gitlab.messages import Answer, Call
from tidegate.testing.gitlab.server import serve

__all__ = ["Answer", "Call", "FakeGitLab", "Fault", "serve"]

"""A stateful GitLab for tests, over real bare repositories."""

from tidegate.testing.gitlab.asgi import application
from tidegate.testing.gitlab.fake import FakeGitLab, Fault
from tidegate.testing.gitlab.messages import Answer, Call
from tidegate.testing.gitlab.server import serve
from tidegate.testing.gitlab.state import Hook
from tidegate.testing.gitlab.webhooks import deliver

__all__ = ["Answer", "Call", "FakeGitLab", "Fault", "Hook", "application", "deliver", "serve"]

"""HTTP over connections that are kept open; bodies stream. Knows nothing of registries or forges."""

from tidegate.http.client import Client, InFlight, Sender, later
from tidegate.http.fields import next_link, retry_after, served_at
from tidegate.http.messages import Request, Response, Stream
from tidegate.http.proxies import Proxies
from tidegate.http.retry import Retry
from tidegate.http.sockets import Timeouts, Trust
from tidegate.http.url import Origin

__all__ = [
    "Client",
    "InFlight",
    "Origin",
    "Proxies",
    "Request",
    "Response",
    "Retry",
    "Sender",
    "Stream",
    "Timeouts",
    "Trust",
    "later",
    "next_link",
    "retry_after",
    "served_at",
]

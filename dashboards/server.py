"""The server of the dashboard: Streamlit's own, with one line more in its page.

Opened at /funnel, Streamlit's page first looks for its server below /funnel and leaves two errors in the browser's
console before it looks at the root. The line tells it where the server is, as a hosting page would.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = b"<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin};</script>"


class RootOnly:
    """ASGI middleware that puts the line at the head of every HTML page; all else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, _Rewriting(send))


class _Rewriting:
    """Holds an HTML response back until it is whole, then sends it with the line in it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            body = self._body.replace(b"<head>", b"<head>" + ROOT, 1)
            MutableHeaders(raw=self._start["headers"])["content-length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(RootOnly)])

"""Where a WebSocket can be opened."""

from typing import Any

from integrations_health.consumers import HealthUpdates

_SOCKETS: dict[str, Any] = {"/health-updates": HealthUpdates.as_asgi()}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve the socket of this path."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    await _SOCKETS.get(path, _nowhere)(scope, receive, send)


async def _nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Refuse; where there is no socket, a client hears the same as where it may not."""
    await receive()
    await send({"type": "websocket.close"})

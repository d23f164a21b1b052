"""The hook for live updates takes nothing older than it has, and comes back by itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.contract.serving import served
from tests.docs.test_clients import CLIENTS, DENO, needs_deno

# Follows two integrations, says what it hears, and ends with the update that says so.
SCRIPT = """
import {{ Follower }} from "{clients}/useHealthUpdates.ts";
const follower = new Follower(
  {{ url: "{url}", token: () => Promise.resolve("a-token") }},
  ["a", "b"],
  (isLive) => console.log(isLive ? "live" : "not live"),
  (update) => {{
    console.log(`${{update.integrationId}} ${{update.version}} ${{update.health.status}}`);
    if (update.version === 99) follower.stop();
  }},
);
"""
UNUSED = "data:text/javascript,export const useEffect=0,useState=0,useQueryClient=0"


def frame(integration: str, version: int, status: str = "healthy") -> str:
    return json.dumps(
        {"integrationId": integration, "version": version, "health": {"status": status}}
    )


class Service:
    """Plays the service: tickets, and a socket that breaks after the first frames."""

    CONNECTIONS = (
        [frame("a", 5), frame("b", 1), frame("a", 4, "unhealthy"), frame("a", 6, "degraded")],
        [frame("a", 6, "degraded"), frame("b", 2), frame("b", 99)],
    )

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.opened = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._ticket(scope, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)

    async def _ticket(self, scope: dict[str, Any], send: Any) -> None:
        self.heard.append((scope["path"], dict(scope["headers"])[b"authorization"].decode()))
        body = json.dumps({"ticket": f"t{self.opened}", "expiresAt": ""}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _socket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.heard.append((scope["path"], scope["query_string"].decode()))
        frames, self.opened = self.CONNECTIONS[self.opened], self.opened + 1
        await receive()
        await send({"type": "websocket.accept"})
        self.heard.append(json.loads((await receive())["text"]))
        for text in frames:
            await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close", "code": 1012})


@needs_deno
def test_the_hook_ignores_what_is_old_and_comes_back(tmp_path: Path) -> None:
    service = Service()
    imports = tmp_path / "imports.json"
    imports.write_text(json.dumps({"imports": {"react": UNUSED, "@tanstack/react-query": UNUSED}}))
    script = tmp_path / "follow.ts"

    with served(service) as url:
        script.write_text(SCRIPT.format(clients=CLIENTS, url=url))
        ran = subprocess.run(
            [
                *(str(DENO), "run", "--no-config", "--no-lock", "--allow-net"),
                *("--import-map", str(imports), str(script)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n") == [
        *("live", "a 5 healthy", "b 1 healthy", "a 6 degraded", "not live"),
        *("live", "b 2 healthy", "b 99 healthy", "not live", ""),
    ]
    asked = ("/api/ws-ticket", "Bearer a-token")
    subscribed = {"type": "subscribe", "integrationIds": ["a", "b"]}
    assert service.heard == [
        *(asked, ("/health-updates", "ticket=t0"), subscribed),
        *(asked, ("/health-updates", "ticket=t1"), subscribed),
    ]

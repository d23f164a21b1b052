"""Read the content of a tool's result, as MCP shapes it, and dig out failures that hide in it."""

import json
from typing import Any

from integrations_health.providers import bodies


def first_text(content: Any) -> str | None:
    """Return the first text of a result's `content`, None where there is no text in it."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and isinstance(block.get("text"), str):
            text: str = block["text"]
            return text
    return None


def data_in(text: str) -> Any:
    """Return the JSON value in `text`, or the text itself where it is none."""
    try:
        return bodies.value_of(text)
    except bodies.Unreadable:
        return text


def hidden_failure(data: Any) -> str | None:
    """Return the failure that a good-looking result hides: `Error...`, or nothing but an `error`.

    Klavis's servers, which anybody may run, report every failure like that, and `Unknown tool...`.
    """
    if isinstance(data, str):
        return data if data.startswith(("Error", "Unknown tool")) else None
    if isinstance(data, dict) and set(data) == {"error"}:
        return data["error"] if isinstance(data["error"], str) else json.dumps(data["error"])
    return None

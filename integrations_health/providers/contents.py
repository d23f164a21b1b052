"""Read the content of a tool's result, as MCP shapes it."""

from typing import Any


def first_text(content: Any) -> str | None:
    """Return the first text of a result's `content`, None where there is no text in it."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and isinstance(block.get("text"), str):
            text: str = block["text"]
            return text
    return None

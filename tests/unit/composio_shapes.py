"""What Composio sends: accounts, pages of them, errors."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.unit.asking import said

SECRET = "ya29.a0AfH6SMBx"


def account(status: Any = "ACTIVE", *, id: Any = "ca_1", **fields: Any) -> dict[str, Any]:
    """Return an account as a list or a look at it alone shows it."""
    return {
        "id": id,
        "user_id": "user-1",
        "status": status,
        "status_reason": None,
        "is_disabled": False,
        "toolkit": {"slug": "gmail"},
        "auth_config": {"id": "ac_1", "is_disabled": False},
        "created_at": "2026-01-02T03:04:05.678Z",
        "state": {"val": {"access_token": SECRET}},
        "data": {"refresh_token": SECRET},
        "params": {"code": SECRET},
        **fields,
    }


def page(items: Sequence[Any], *, total: Any = None, cursor: str | None = None) -> httpx.Response:
    """Return a page of a list that has `total` items, all of them here by default."""
    total = len(items) if total is None else total
    return said({"items": items, "total_items": total, "next_cursor": cursor})


def error(status: int, code: int = 0, slug: str = "", message: str = "no") -> httpx.Response:
    """Return the envelope of an error."""
    body = {"message": message, "code": code, "slug": slug, "status": status}
    return said({"error": body}, status=status)

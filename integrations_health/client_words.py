"""What a client may say to its socket, read and checked."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

KINDS = ("subscribe", "unsubscribe")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Malformed(Exception):
    """A message that cannot be followed: a code for programs, and a text that says what to send."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the client wants.

    `ids` are what could be the id of an integration; `strange` are the rest, as they were sent.
    """

    kind: str
    ids: Sequence[UUID]
    strange: Sequence[str] = ()
    wants_answer: bool = False


def read(text: str | None) -> Wish:
    """Return what a frame asks for. Raises Malformed."""
    said = _object(text)
    kind = said.get("type")
    if kind not in KINDS:
        raise Malformed("unknown_type", f"`type` is not known; send one of {', '.join(KINDS)}.")
    wants_answer = said.get("ack", False)
    if not isinstance(wants_answer, bool):
        raise Malformed("invalid_ack", "`ack` is not true or false.")
    ids, strange = _ids(said.get("integrationIds"))
    return Wish(kind=kind, ids=ids, strange=strange, wants_answer=wants_answer)


def _object(text: str | None) -> dict[str, object]:
    if text is None:
        raise Malformed("not_text", "Send text frames: JSON objects.")
    try:
        said = json.loads(text)
    # RecursionError: brackets without end.
    except (ValueError, RecursionError):
        raise Malformed("not_json", "The message is not JSON.") from None
    if not isinstance(said, dict):
        raise Malformed("not_an_object", 'Send a JSON object with a `type`, such as "subscribe".')
    return said


def _ids(said: object) -> tuple[list[UUID], list[str]]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise Malformed("invalid_integration_ids", "`integrationIds` is not a list of strings.")
    # Each once, in the order in which they came.
    words = dict.fromkeys(said)
    ids = dict.fromkeys(UUID(word) for word in words if _ID.fullmatch(word))
    return list(ids), [word for word in words if not _ID.fullmatch(word)]

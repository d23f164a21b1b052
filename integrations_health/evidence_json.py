"""Write what a check heard, as a health row keeps it in its `metadata` and commands show it."""

import json
from functools import lru_cache
from typing import Any

from integrations_health.outcomes import Evidence, Outcome
from integrations_health.redaction import SafeText


# Most checks of a sweep say the very same.
@lru_cache(maxsize=4_096)
def metadata(
    outcome: Outcome,
    server_status: SafeText | None,
    is_probed: bool,
    evidence: tuple[Evidence, ...],
) -> str:
    """Return the JSON of an outcome, the provider's own word, and which call said what."""
    said = {
        "outcome": outcome.value,
        "serverStatus": server_status,
        "isProbed": is_probed,
        "evidence": [shown(one) for one in evidence],
    }
    return json.dumps(said, separators=(",", ":"))


def shown(heard: Evidence) -> dict[str, Any]:
    """Return what one call said, under the names that people and programs read."""
    return {
        "call": heard.call,
        "said": heard.said,
        "httpStatus": heard.http_status,
        "latencyMs": heard.latency_ms,
    }

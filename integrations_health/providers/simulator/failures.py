"""What services behind a provider say when they fail, in their own words."""

from typing import NamedTuple

from integrations_health.providers.simulator import leaks
from integrations_health.providers.simulator.faults import Fault, Step
from integrations_health.providers.simulator.services import Service


class Failure(NamedTuple):
    """The words of a failure and the HTTP status the service gave it."""

    text: str
    status: int


_URLS = {
    "gmail": "https://gmail.googleapis.com/gmail/v1/users/me/profile",
    "calendar": "https://www.googleapis.com/calendar/v3/users/me/calendarList",
    "slack": "https://slack.com/api/auth.test",
    "notion": "https://api.notion.com/v1/users",
}
_INVALID_GRANT = "('invalid_grant: Token has been expired or revoked.', {'error': 'invalid_grant'})"
_SPECIAL: dict[tuple[Fault, str], Failure] = {
    (Fault.REVOKED_BUT_ACTIVE, "gmail"): Failure(_INVALID_GRANT, 401),
    (Fault.REVOKED_BUT_ACTIVE, "slack"): Failure("token_revoked", 401),
    (Fault.MISSING_SCOPE, "slack"): Failure("missing_scope", 403),
    (Fault.SERVICE_500, "slack"): Failure("internal_error", 500),
    (Fault.SERVICE_QUOTA, "slack"): Failure("ratelimited", 429),
    (Fault.BAD_ARGUMENTS, "slack"): Failure("invalid_arguments", 400),
}
_GENERAL: dict[Fault, Failure] = {
    Fault.REVOKED_BUT_ACTIVE: Failure("401 Client Error: Unauthorized for url: {url}", 401),
    Fault.MISSING_SCOPE: Failure(
        "403 Client Error: Forbidden for url: {url}: Request had insufficient authentication"
        " scopes.",
        403,
    ),
    Fault.SERVICE_500: Failure("500 Server Error: Internal Server Error for url: {url}", 500),
    Fault.SERVICE_QUOTA: Failure(
        "429 Client Error: Too Many Requests for url: {url}: Quota exceeded for quota metric"
        " 'Queries' and limit 'Queries per minute per user'",
        429,
    ),
    Fault.BAD_ARGUMENTS: Failure("400 Client Error: Bad Request for url: {url}", 400),
    Fault.SECRET_ECHO: Failure(leaks.TEXT, 401),
}


def words(step: Step, default: str) -> str:
    """Return what a step is told to say; `secrets` says all the secrets there are."""
    return leaks.TEXT if step.argument == "secrets" else step.argument or default


def failure(step: Step, service: Service) -> Failure:
    """Return how `service` fails at this step; its argument replaces the words."""
    found = _SPECIAL.get((step.fault, service.name)) or _GENERAL[step.fault]
    default = found.text.replace("{url}", _URLS[service.name])
    return found._replace(text=words(step, default))

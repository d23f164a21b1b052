"""Composio's ways to say no: the envelope, and the 429 that does not wear it."""

from collections.abc import Sequence

from integrations_health.providers.simulator.exchange import Exchange, Reply, redirect, say
from integrations_health.providers.simulator.failures import words
from integrations_health.providers.simulator.faults import Fault, Step
from integrations_health.providers.simulator.fields import Finding
from integrations_health.providers.simulator.quotas import Quota

_NAMES = {
    500: ("Internal server error", "HTTP_InternalServerError"),
    502: ("The toolkit's provider could not be reached", "HTTP_BadGateway"),
    503: ("Service unavailable", "HTTP_ServiceUnavailable"),
    408: ("Tool execution timed out", "HTTP_RequestTimeout"),
}


def error(
    exchange: Exchange,
    status: int,
    message: str,
    *,
    code: int,
    slug: str,
    errors: Sequence[str] = (),
) -> Reply:
    """Return Composio's error envelope."""
    body = {
        "message": message,
        "code": code,
        "slug": slug,
        "status": status,
        "request_id": exchange.call.request_id,
        "suggested_fix": "Check your input.",
        "errors": list(errors),
    }
    return say(status, {"error": body})


def invalid(exchange: Exchange, findings: Sequence[Finding]) -> Reply:
    """Return the refusal of a request that is not what the documents say."""
    return error(
        exchange,
        400,
        "Validation error while processing request",
        code=10400,
        slug="HTTP_BadRequest",
        errors=[f"{finding.text} on path '{finding.name}'" for finding in findings],
    )


def no_key(exchange: Exchange) -> Reply:
    """Return the refusal of a request without a key."""
    return error(exchange, 401, "No authentication provided", code=906, slug="Auth_NoAuthProvided")


def bad_key(exchange: Exchange) -> Reply:
    """Return the refusal of a key that is not ours."""
    return error(exchange, 401, "Invalid API key", code=801, slug="APIKey_InvalidAPIKey")


def account_not_found(exchange: Exchange, id: str) -> Reply:
    """Return the answer about an account that is missing, or of another user or project."""
    return error(
        exchange,
        404,
        f"No connected account found with ID {id}",
        code=1810,
        slug="ActionExecute_ConnectedAccountNotFound",
    )


def not_found(exchange: Exchange, message: str, *, slug: str = "HTTP_NotFound") -> Reply:
    """Return the answer about something that does not exist."""
    return error(exchange, 404, message, code=10404, slug=slug)


def rate_limited(quota: Quota, retry_after: str) -> Reply:
    """Return the 429; `retry_after` is its header, none when it is `none`."""
    message = f"Rate limit exceeded. Limit: {quota.limit} requests per 1 minutes"
    reply = say(429, {"message": message})
    if retry_after == "none":
        return reply
    return reply._replace(headers=(*reply.headers, (b"retry-after", retry_after.encode())))


def failed(exchange: Exchange, step: Step, quota: Quota) -> Reply:
    """Return what an HTTP fault of a script looks like at Composio."""
    if step.fault is Fault.HTTP_429:
        return rate_limited(quota, step.argument or "60")
    if step.fault is Fault.KEY_REJECTED:
        return bad_key(exchange)
    if step.fault is Fault.REDIRECT:
        return redirect(step)
    status = int(step.fault)
    message, slug = _NAMES[status]
    return error(exchange, status, words(step, message), code=10000 + status, slug=slug)

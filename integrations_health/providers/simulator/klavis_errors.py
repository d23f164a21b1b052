"""Klavis's ways to say no. Only the 422 is documented; the rest is what such servers send."""

from collections.abc import Sequence

from integrations_health.providers.simulator.exchange import HTML, Reply, redirect, say
from integrations_health.providers.simulator.failures import words
from integrations_health.providers.simulator.faults import Fault, Step
from integrations_health.providers.simulator.fields import Finding

_GATEWAY = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>"


def detail(status: int, text: str) -> Reply:
    """Return an error with one sentence."""
    return say(status, {"detail": text})


def invalid(findings: Sequence[Finding], *, where: str = "body") -> Reply:
    """Return the refusal of a request that is not what the documents say."""
    problems = [
        {"loc": [where, finding.name], "msg": finding.text, "type": finding.kind}
        for finding in findings
    ]
    return say(422, {"detail": problems})


def instance_not_found() -> Reply:
    """Return the answer about an instance that does not exist."""
    return detail(404, "Server instance not found")


def failed(step: Step) -> Reply:
    """Return what an HTTP fault of a script looks like at Klavis."""
    match step.fault:
        case Fault.KEY_REJECTED:
            return detail(401, "Invalid API key")
        case Fault.REDIRECT:
            return redirect(step)
        case Fault.HTTP_429:
            reply = detail(429, "Rate limit exceeded")
            if step.argument in {"", "none"}:
                return reply
            wait = (b"retry-after", step.argument.encode())
            return reply._replace(headers=(*reply.headers, wait))
        case Fault.HTTP_502 | Fault.HTTP_503:
            status = int(step.fault)
            return Reply(status, _GATEWAY % (status, status), headers=(HTML,))
    return detail(int(step.fault), words(step, "Internal Server Error"))

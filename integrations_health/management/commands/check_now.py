"""manage.py check_now: one check in the foreground, with the verdict and why."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations_health import budget, evidence_json, lookup, pipeline
from integrations_health.fields import UnreadableSecret
from integrations_health.models import HealthCheck, Integration
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.pipeline import Checked
from integrations_health.probes import NO_PROBE, PROBES


class Command(BaseCommand):
    """Check one integration and explain the verdict."""

    help = (
        "Check one integration now and say how it is, and why. A healthy result younger than a "
        "minute is shown again instead, unless --fresh. Exits with 1 only if nothing was checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument(
            "integration",
            metavar="INTEGRATION",
            help="its id, the beginning of its id, or its server instance id",
        )
        parser.add_argument("--json", action="store_true", help="write the verdict as JSON")
        parser.add_argument("--fresh", action="store_true", help="ask again, whatever is known")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and write the verdict. Raises CommandError when no check could be made."""
        integration = _found(options["integration"])
        checked = _checked(integration, is_fresh=options["fresh"])
        verdict = _verdict(integration, checked)
        self.stdout.write(json.dumps(verdict) if options["json"] else _text(verdict))
        if verdict["outcome"] == Outcome.INTERNAL_ERROR and not checked.is_reused:
            raise CommandError("Our own check failed, so this says nothing of the integration.")


def _found(reference: str) -> Integration:
    try:
        return lookup.find(reference)
    except lookup.Unknown:
        raise CommandError(
            "No such integration. Type its id, the beginning of its id, or its server instance id."
        ) from None
    except lookup.Ambiguous as several:
        candidates = "\n".join(
            f"  {row.pk}  {row.service} via {row.provider}, user {row.user.external_id or '-'}"
            for row in several.candidates
        )
        more = several.count - len(several.candidates)
        raise CommandError(
            f"{several.count:,} integrations may be meant. Type more of the id:\n{candidates}"
            + (f"\n  and {more:,} more" if more else "")
        ) from None


def _checked(integration: Integration, *, is_fresh: bool) -> Checked:
    try:
        return pipeline.check_one(integration.pk, is_fresh=is_fresh)
    except pipeline.AlreadyRunning:
        problem = "It is being checked right now. Try again in a moment."
    except pipeline.Parked:
        problem = "Its check has crashed the worker three times. It is tried again in an hour."
    except budget.Spent:
        problem = f"{integration.provider} lets us ask nothing more for now. Try again later."
    except HealthCheck.DoesNotExist:
        problem = "It was removed a moment ago."
    except UnreadableSecret as error:
        problem = str(error)
    raise CommandError(problem)


def _verdict(integration: Integration, checked: Checked) -> dict[str, Any]:
    health, result = checked.health, checked.result
    outcome = Outcome(result.outcome if result else health.metadata.get("outcome", Outcome.OK))
    evidence = (
        [evidence_json.shown(heard) for heard in result.evidence]
        if result
        else health.metadata.get("evidence", [])
    )
    return {
        "integrationId": str(integration.pk),
        "service": integration.service,
        "provider": integration.provider,
        "user": integration.user.external_id,
        "statusBefore": checked.before.value,
        "status": health.status,
        "outcome": outcome.value,
        "cause": MEANINGS[outcome].cause,
        "sentence": MEANINGS[outcome].sentence or "It works.",
        "isReused": checked.is_reused,
        "probe": _probe(integration),
        "evidence": evidence,
        "responseTimeMs": health.response_time_ms,
        "consecutiveFailures": health.consecutive_failures,
        "checkedAt": _instant(health.last_check_at),
        "nextCheckAt": _instant(health.next_check_at),
    }


def _probe(integration: Integration) -> str | None:
    standard = PROBES.get((integration.provider, integration.service))
    return integration.probe_tool or (standard.tool if standard else None)


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def _text(verdict: dict[str, Any]) -> str:
    reused = f"  (a result of {verdict['checkedAt']}, reused; --fresh asks again)"
    facts = {
        "status": f"{verdict['statusBefore']} -> {verdict['status']}",
        "outcome": verdict["outcome"] + (reused if verdict["isReused"] else ""),
        "cause": verdict["cause"] or "-",
        "service check": verdict["probe"] or NO_PROBE,
        "failures in a row": str(verdict["consecutiveFailures"]),
        "next check": verdict["nextCheckAt"],
    }
    return "\n".join(
        [
            f"{verdict['service']} via {verdict['provider']} of {verdict['user'] or '-'}",
            f"{verdict['integrationId']}: {verdict['sentence']}",
            "",
            *(f"{name:<18} {fact}" for name, fact in facts.items()),
            "",
            *map(_line, verdict["evidence"]),
        ]
    )


def _line(heard: dict[str, Any]) -> str:
    status = f"HTTP {heard['httpStatus']}" if heard["httpStatus"] else ""
    latency = f"{heard['latencyMs']} ms" if heard["latencyMs"] is not None else ""
    measured = ", ".join(filter(None, (status, latency)))
    return f"{heard['call']}" + (f" ({measured})" if measured else "") + f": {heard['said']}"

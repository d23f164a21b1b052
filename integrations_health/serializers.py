"""The JSON of our rows, declared field by field for the OpenAPI document.

`shapes` makes it, and tests hold the two together.
"""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from integrations_health.outcomes import Cause, Outcome
from integrations_health.status import Status

STATUSES = [status.value for status in Status]
CAUSES = [cause.value for cause in Cause]
ERROR_CODES = [outcome.value for outcome in Outcome if outcome is not Outcome.OK]
PROVIDERS = list(settings.PROVIDERS)
Fields = dict[str, serializers.Field[Any, Any, Any, Any]]


def _instant(help_text: str, *, is_known: bool = True) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=help_text, allow_null=not is_known)


def _milliseconds(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=help_text, min_value=0, allow_null=True)


def _count(help_text: str = "") -> serializers.IntegerField:
    return serializers.IntegerField(help_text=help_text, min_value=0)


class Incident(serializers.Serializer[object]):
    """A provider, or a service, that fails for many."""

    id = serializers.UUIDField()
    provider = serializers.CharField(allow_null=True, help_text="Null: whichever provider.")
    service = serializers.CharField(allow_null=True, help_text="Null: every service.")
    cause = serializers.CharField()
    openedAt = _instant("Since when.")


class Current(serializers.Serializer[object]):
    """How an integration is now."""

    status = serializers.ChoiceField(
        STATUSES, help_text="Under an incident what is healthy reads degraded."
    )
    responseTimeMs = _milliseconds("Of the last check, when something answered.")
    lastCheckAt = _instant("Null: not checked yet.", is_known=False)
    nextCheckAt = _instant("Null: paused.", is_known=False)
    statusSince = _instant("Since when it has this status.", is_known=False)
    consecutiveFailures = _count("Bad checks in a row.")
    errorCode = serializers.ChoiceField(ERROR_CODES, allow_null=True)
    errorMessage = serializers.CharField(allow_null=True, help_text="A sentence for people.")
    cause = serializers.ChoiceField(CAUSES, allow_null=True, help_text="Whose fault it is.")
    reauthUrl = serializers.URLField(allow_null=True, help_text="Where its owner reconnects it.")
    incident = Incident(allow_null=True)
    version = _count("Grows with each result, and when an incident begins or ends.")


class Integration(serializers.Serializer[object]):
    """One user's connection to one service through one provider."""

    id = serializers.UUIDField()
    userId = serializers.UUIDField()
    service = serializers.CharField()
    provider = serializers.CharField()
    displayName = serializers.CharField(allow_blank=True, help_text="Empty: none was given.")
    enabled = serializers.BooleanField(help_text="False: paused.")
    intervalSeconds = serializers.IntegerField(min_value=60, max_value=3600)
    connectedAt = _instant("When the user connected it, if known.", is_known=False)
    createdAt = _instant("Since when it is watched.")
    health = Current()


class IntegrationPage(serializers.Serializer[object]):
    """Some integrations, in the order in which they were added."""

    items = Integration(many=True)
    nextCursor = serializers.CharField(
        allow_null=True, help_text="The `cursor` of the next page. Null: this is the last."
    )


class Entry(serializers.Serializer[object]):
    """One finished check."""

    checkedAt = _instant("When.")
    status = serializers.ChoiceField(STATUSES)
    responseTimeMs = _milliseconds("Null: nothing answered.")
    errorCode = serializers.ChoiceField(ERROR_CODES, allow_null=True)
    errorMessage = serializers.CharField(allow_null=True)


class Statistics(serializers.Serializer[object]):
    """The checks of `history` in numbers."""

    uptimePercent = serializers.FloatField(
        min_value=0, max_value=100, allow_null=True, help_text="Of the time that was observed."
    )
    totalChecks = _count()
    healthyChecks = _count()
    degradedChecks = _count()
    unhealthyChecks = _count()
    averageResponseTimeMs = serializers.FloatField(min_value=0, allow_null=True)
    p95ResponseTimeMs = serializers.FloatField(min_value=0, allow_null=True)


class Health(serializers.Serializer[object]):
    """How an integration is and was."""

    integrationId = serializers.UUIDField()
    service = serializers.CharField()
    provider = serializers.CharField()
    current = Current()
    history = Entry(many=True, help_text="The last hundred checks, the newest first.")
    statistics = Statistics()
    asOf = _instant("What is said here was so at this instant.")
    stale = serializers.BooleanField()

    def get_fields(self) -> Fields:
        """Return the fields, with `source`, which every serializer has of its own."""
        return super().get_fields() | {"source": serializers.ChoiceField(["live", "cache"])}


class Bucket(serializers.Serializer[object]):
    """An hour or a day in numbers."""

    uptimePercent = serializers.FloatField(min_value=0, max_value=100, allow_null=True)
    totalChecks = _count("0: an earlier check speaks for this time.")
    healthyChecks = _count()
    degradedChecks = _count()
    unhealthyChecks = _count()
    p50ResponseTimeMs = _milliseconds("Null: nothing was measured.")
    p95ResponseTimeMs = _milliseconds("Null: nothing was measured.")

    def get_fields(self) -> Fields:
        """Return the fields, `from` and `to` first."""
        # Here, because `from` is a word of Python.
        return {
            "from": _instant("Its beginning."),
            "to": _instant("Its end."),
        } | super().get_fields()


class _PageOfThePast(serializers.Serializer[object]):
    """What pages of checks, hours and days share."""

    nextCursor = serializers.CharField(allow_null=True)

    def get_fields(self) -> Fields:
        """Return the fields, with the range."""
        fields = super().get_fields()
        return {"from": _instant("From this instant on."), "to": _instant("Up to this.")} | fields


class HistoryPage(_PageOfThePast):
    """Some checks, the newest first."""

    resolution = serializers.ChoiceField(["raw"])
    items = Entry(many=True)


class BucketPage(_PageOfThePast):
    """Some hours or days, the newest first; those of which nothing is known are left out."""

    resolution = serializers.ChoiceField(["hour", "day"])
    items = Bucket(many=True)


class ServiceCheck(serializers.Serializer[object]):
    """What a check says of the service itself."""

    healthy = serializers.BooleanField(allow_null=True, help_text="Null: it says nothing.")
    message = serializers.CharField()


class CheckDetails(serializers.Serializer[object]):
    """What a check heard."""

    serverStatus = serializers.CharField(allow_null=True, help_text="The provider's own word.")
    serviceCheck = ServiceCheck()


class CheckResult(serializers.Serializer[object]):
    """The result of a check."""

    status = serializers.ChoiceField(STATUSES)
    responseTimeMs = _milliseconds("Null: nothing answered.")
    cached = serializers.BooleanField(help_text="True: nothing was asked, this was known.")
    details = CheckDetails()
    current = Current()


class CheckRunning(serializers.Serializer[object]):
    """A check that goes on. `Location` is where its result will be."""

    state = serializers.ChoiceField(["running"])
    current = Current(help_text="How it was before.")


class IntegrationChange(serializers.Serializer[object]):
    """What may be changed; what is left out stays."""

    enabled = serializers.BooleanField(required=False, help_text="False: paused.")
    displayName = serializers.RegexField(
        r"^[^\x00-\x1f\x7f-\x9f]*$", required=False, max_length=200, allow_blank=True
    )
    intervalSeconds = serializers.IntegerField(required=False, min_value=60, max_value=3600)


_ID = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
# Empty: as if it were left out.
_ID_OR_NONE = rf"^({_ID[1:-1]})?$"
_WORD = r"^[^\s\x00-\x1f\x7f-\x9f]+$"


class NewIntegration(IntegrationChange):
    """What is to be watched. The members after `enabled` are for a back end with an API key."""

    service = serializers.RegexField(_WORD, max_length=50)
    provider = serializers.ChoiceField(PROVIDERS)
    serverInstanceId = serializers.RegexField(_ID, max_length=255)
    serverUrl = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=2000,
        write_only=True,
        help_text="An http or https address.",
    )
    serverToken = serializers.RegexField(
        r"^[\x21-\x7e]*$", required=False, max_length=8000, write_only=True
    )
    user = serializers.RegexField(
        _ID, required=False, max_length=255, help_text="Your id of the user, or ours."
    )
    userEmail = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=254,
        write_only=True,
        help_text="Where the user is told of alerts. Empty: nowhere any more.",
    )
    providerUserId = serializers.RegexField(_ID_OR_NONE, required=False, max_length=255)
    authConfigId = serializers.RegexField(_ID_OR_NONE, required=False, max_length=255)
    probePolicy = serializers.ChoiceField(["always", "every_nth", "on_suspicion"], required=False)
    probeEvery = serializers.IntegerField(required=False, min_value=2, max_value=1000)
    probeTool = serializers.CharField(required=False, max_length=200)
    probeArguments = serializers.DictField(required=False)

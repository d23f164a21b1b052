"""Ask owners to connect again: by a link in what they are sent, or because support wants it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from alerts import decisions, planning, reach, sight
from alerts.decisions import Line, Verdict
from alerts.holding import Matter, Quiet
from alerts.models import Alert, Notification, NotificationItem
from alerts.planning import Item
from integrations_health import clock, reauth_offers, reauth_requests
from integrations_health.models import HealthCheck, ReauthRequest, User
from integrations_health.overlay import OpenIncidents
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call

Event, State = NotificationItem.Event, Notification.State

SENT = "The owner is sent a link to reconnect."
_OVER, _TWICE, _SENT_BEFORE = "over", "twice", "sent_before"
_SILENCED, _NO_ADDRESS, _GONE = "silenced", "no_address", "gone"
# Why somebody is not sent a link, in the order in which it is said.
_WHY = {
    _OVER: "{} resolved before",
    Call.NOT_NEEDED.value: "{} that reconnecting would not mend",
    Call.UNSUPPORTED.value: "{} of a provider without a sign-in",
    Call.ON_HOLD.value: "{} on hold, since too many fail at once for it to be their owners'",
    _SILENCED: "{} silenced or in maintenance",
    _NO_ADDRESS: "{} whose owner has no e-mail address, or is switched off",
    _SENT_BEFORE: "{} sent one before that still works, or is on its way",
    _TWICE: "{} of a connection that is in it already",
    _GONE: "{} no longer there",
}
_COLUMNS = (
    "pk",
    "integration_id",
    "user_id",
    "rule_id",
    "error_code",
    "resolved_at",
    reach.address("user"),
    "integration__service",
    "integration__provider",
    "integration__health__enabled",
    "integration__health__status",
    "integration__health__error_code",
)


class Asked(NamedTuple):
    """Of which alerts the owners are sent a link, and of how many they are not, and why."""

    alert_ids: list[UUID]
    passed_over: list[str]


class _Asked(NamedTuple):
    """That support asked an owner before, and whether that is enough."""

    alert_id: UUID
    integration_id: UUID
    repeats: int
    is_enough: bool


class _Candidate(NamedTuple):
    """An alert, its owner, and how its integration is by now."""

    alert_id: UUID
    integration_id: UUID
    user_id: UUID
    rule_id: UUID | None
    alert_error: str
    resolved_at: datetime | None
    email: str
    service: str
    provider: str
    enabled: bool
    status: str
    error_code: str


@transaction.atomic
def ask(alert_ids: Collection[UUID], *, by: User, now: datetime | None = None) -> Asked:
    """Send the owners of these alerts a link by which they connect again.

    Once for each, and once more when that link leads nowhere any longer. By the same way as all
    messages: what else they are told meanwhile joins it, and an hour has only so many. A dozen
    statements, whatever the number.
    """
    at = now or clock.now()
    alerts = Alert.objects.filter(pk__in=alert_ids).order_by("pk")
    open_ones = Alert.objects.filter(integration__in=alerts.values("integration"), resolved_at=None)
    # Two who press at once, be it for two alerts of one integration: the second finds what the
    # first has sent.
    list(open_ones.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = alerts.values_list(*_COLUMNS)
    candidates = [_Candidate._make(row) for row in rows]
    before = _asked_before(candidates, now=at)
    enough = {one.integration_id for one in before if one.is_enough}
    chosen, why_not = _sorted_out(candidates, asked=enough, now=at)
    why_not[_GONE] = len(set(alert_ids)) - len(candidates)
    times = {one.alert_id: one.repeats + 1 for one in before}
    items = [
        Item(
            planning.person(one.user_id, one.email),
            Event.ASKED,
            one.alert_id,
            repeats=times.get(one.alert_id, 0),
        )
        for one in chosen
    ]
    planning.plan(items, now=at)
    lines = [Line(one.alert_id, Verdict.TOLD, SENT, by.pk) for one in chosen]
    decisions.append(lines, at=at)
    said = [words.format(f"{why_not[why]:,}") for why, words in _WHY.items() if why_not[why]]
    return Asked([one.alert_id for one in chosen], said)


def links(
    integration_ids: Collection[UUID], *, owner: UUID | None, now: datetime
) -> dict[UUID, str]:
    """Return where integrations are connected again, of those whose owner is asked to.

    To `owner` it is a link of their own, good for fourteen days; to anybody else, None, the page
    that asks its owner to sign in.
    """
    rows = HealthCheck.objects.filter(integration_id__in=integration_ids)
    offers = Offers(OpenIncidents.read())
    asked = {row.integration_id: row.user_id for row in rows if offers.of(row) is Call.OFFERED}
    if owner is None:
        return {pk: reauth_offers.page(pk) for pk in asked}
    own = {pk: user_id for pk, user_id in asked.items() if user_id == owner}
    tokens = reauth_requests.open_for(own, now=now)
    return {pk: reauth_requests.link(token) for pk, token in tokens.items()}


def _sorted_out(
    candidates: Sequence[_Candidate], *, asked: Collection[UUID], now: datetime
) -> tuple[list[_Candidate], Counter[str]]:
    """Return to whom a link is sent, and how many are passed over for which reason."""
    offers = Offers(OpenIncidents.read())
    quiets = sight.quiets([one.alert_id for one in candidates], now=now)
    chosen: list[_Candidate] = []
    seen: set[UUID] = set()
    why_not: Counter[str] = Counter()
    for one in candidates:
        call = offers.of(one)
        if one.resolved_at is not None:
            why_not[_OVER] += 1
        elif call is not Call.OFFERED:
            why_not[call.value] += 1
        elif _is_quiet(one, quiets):
            why_not[_SILENCED] += 1
        elif not one.email:
            why_not[_NO_ADDRESS] += 1
        elif one.integration_id in asked:
            why_not[_SENT_BEFORE] += 1
        elif one.integration_id in seen:
            why_not[_TWICE] += 1
        else:
            seen.add(one.integration_id)
            chosen.append(one)
    return chosen, why_not


def _asked_before(candidates: Iterable[_Candidate], *, now: datetime) -> list[_Asked]:
    """Return how owners were asked before, of alerts of these integrations that are still open.

    Of one alert, the last time comes last.
    """
    links = ReauthRequest.objects.filter(
        integration=OuterRef(OuterRef("alert__integration")),
        user=OuterRef("user"),
        # What was opened later was in no link of this message.
        opened_at__lte=OuterRef("sent_at"),
        expires_at__gt=now,
        closed_at=None,
    )
    # The page may have kept the request open since: the link ends in its own time.
    works = Q(state=State.SENT, sent_at__gt=now - reauth_requests.LINK_LIFETIME) & Exists(links)
    messages = Notification.objects.filter(
        Q(pk=OuterRef("notification")) | Q(replays=OuterRef("notification"))
    )
    enough = messages.filter(works | Q(state__in=[State.PENDING, State.SENDING]))
    asked = NotificationItem.objects.filter(
        alert__integration__in=[one.integration_id for one in candidates],
        alert__resolved_at=None,
        event=Event.ASKED,
    )
    rows = asked.values_list("alert_id", "alert__integration_id", "repeats", Exists(enough))
    return [_Asked(*row) for row in rows.order_by("repeats")]


def _is_quiet(one: _Candidate, quiets: Sequence[Quiet]) -> bool:
    matter = Matter(
        alert_id=one.alert_id,
        rule_id=one.rule_id,
        integration_id=one.integration_id,
        user_id=one.user_id,
        service=one.service,
        provider=one.provider,
        error_code=one.alert_error,
    )
    return any(quiet.matches(matter) for quiet in quiets)

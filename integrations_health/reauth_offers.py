"""Whom to ask to connect again: who needs it, can do it, and is not asked in vain.

While our own key is refused, or a provider fails, or calls a third of its connections dead at once,
it is hardly each owner's grant: then nobody is asked.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection

from integrations_health import reauth_rules
from integrations_health.outcomes import Cause, Outcome
from integrations_health.overlay import OpenIncidents
from integrations_health.reauth_rules import Call
from integrations_health.remembered import Remembered
from integrations_health.status import LADDER_TOP

# The pace of whatever works, with its jitter: within it each of them is looked at once.
WINDOW = timedelta(minutes=6)
# The longest pause between two looks, whatever their own interval, and as long as one may be late.
UNTIL_LOOKED_AT_AGAIN = LADDER_TOP + timedelta(minutes=5)
# Whom a rule tells of is at the third look, two pauses after the first. Looks that say nothing do
# not count as failures, so there is an end to it. Who failed for something else before they died
# has begun with the longest pause: of them the first look is meant.
FIRST_LOOKS = 3
UNTIL_THE_THIRD = 2 * UNTIL_LOOKED_AT_AGAIN
UNTIL_THE_SECOND = timedelta(minutes=45)
_DEAD = [code for code, cause in reauth_rules.CAUSES.items() if cause is Cause.USER_GRANT]
# Pages of 8 kB, 32 MB in all: some forty thousand rows. What is larger is sampled.
_MOST_PAGES = 4_000
# What died together is looked at together again: until then all of it counts, of all there is. That
# our key was refused counts as long, unless something was looked at since.
_LATELY = """
SELECT provider,
    count(*) FILTER (WHERE is_new),
    count(*) FILTER (WHERE is_new AND is_dead),
    count(DISTINCT user_id) FILTER (WHERE is_new AND is_dead),
    count(*) FILTER (WHERE is_new AND is_refused),
    count(*),
    count(*) FILTER (WHERE is_dead AND (is_new OR has_just_died)),
    count(DISTINCT user_id) FILTER (WHERE is_dead AND (is_new OR has_just_died)),
    count(*) FILTER (WHERE is_refused)
FROM (
    SELECT provider, user_id, last_check_at > now() - %(window)s AS is_new,
        status <> 'healthy' AND error_code = ANY(%(dead)s) AS is_dead,
        status_since > last_check_at - CASE WHEN consecutive_failures <= %(first_looks)s
            THEN %(until_the_third)s ELSE %(until_the_second)s END AS has_just_died,
        metadata->>'outcome' = %(refused)s AS is_refused
    FROM integration_health_checks TABLESAMPLE SYSTEM ((
        SELECT LEAST(100, 100.0 * %(most)s
            / GREATEST(1, pg_relation_size('integration_health_checks') / 8192))))
    WHERE enabled AND last_check_at > now() - %(pause)s
) AS looked_at
GROUP BY provider
"""


class Health(Protocol):
    """What must be known of an integration's row."""

    @property
    def service(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def status(self) -> str: ...
    @property
    def error_code(self) -> str: ...


class Looks(NamedTuple):
    """How the last looks at a provider's integrations ended; see reauth_rules.is_storm."""

    checked: int
    dead: int
    people: int
    refused: int


class Offers:
    """Decides it for any number of integrations, under the incidents that are open now.

    Costs a query at most, none while nobody needs it, and one in ten seconds of this process.
    """

    def __init__(self, incidents: OpenIncidents) -> None:
        """Keep the incidents."""
        self._incidents = incidents

    def of(self, health: Health) -> Call:
        """Return whether its owner is called upon, or why not."""
        needed = reauth_rules.needs_owner(
            status=health.status, error_code=health.error_code, is_enabled=health.enabled
        )
        return reauth_rules.decide(
            is_needed=needed,
            is_supported=needed and is_supported(health.provider),
            is_on_hold=needed and self.is_on_hold(health.provider, health.service),
        )

    def is_on_hold(self, provider: str, service: str) -> bool:
        """Say whether nobody is asked to connect again to a service through a provider."""
        if self._incidents.over(provider=provider, service=service) is not None:
            return True
        return provider in storms()

    def url(self, integration_id: UUID, health: Health) -> str | None:
        """Return the page on which its owner connects it again; None where nobody is asked to."""
        return page(integration_id) if self.of(health) is Call.OFFERED else None


def page(integration_id: UUID) -> str:
    """Return the address of the page on which an owner, signed in, connects again."""
    # Not reversed: workers, who tell open sockets, would have to load every view for it.
    return f"{settings.PUBLIC_URL}/integrations/{integration_id}/reconnect/"


def is_supported(provider: str) -> bool:
    """Say whether a provider has a sign-in that we can begin."""
    return bool(settings.PROVIDERS.get(provider, {}).get("link_hosts"))


def _read_storms() -> frozenset[str]:
    arguments: dict[str, Any] = {
        "dead": _DEAD,
        "refused": Outcome.KEY_REJECTED.value,
        "window": WINDOW,
        "pause": UNTIL_LOOKED_AT_AGAIN,
        "first_looks": FIRST_LOOKS,
        "until_the_third": UNTIL_THE_THIRD,
        "until_the_second": UNTIL_THE_SECOND,
        "most": _MOST_PAGES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, arguments)
        return frozenset(_stormy(cursor.fetchall()))


def _stormy(counts: Iterable[tuple[Any, ...]]) -> Iterable[str]:
    for provider, *new, checked, dead, people, refused in counts:
        newest = Looks(*new)
        by_now = Looks(checked, dead, people, 0 if newest.checked else refused)
        if any(reauth_rules.is_storm(**looks._asdict()) for looks in (newest, by_now)):
            yield provider


# A look at every row, or at many, the same for everybody.
storms = Remembered(_read_storms, fresh_for=timedelta(seconds=10))

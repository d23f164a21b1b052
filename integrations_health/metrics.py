"""Tell Prometheus how the watched are, and whether we are on time.

Everything is read from PostgreSQL when it is asked, so that every process says the same. No label
carries a user, an integration or an address.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from integrations_health import check_counts, clock, recent_checks, watchdog
from integrations_health.models import ProviderIncident

PREFIX = "integration_health_"
# In the place of a provider, of what fails through whichever provider it is reached.
ANY = "any"


def reckon() -> Iterator[Metric]:
    """Reckon what is reckoned once a minute; tells nothing itself."""
    # All rows are read for it: not where nobody wants to know.
    if settings.METRICS_TOKEN or settings.PUSHGATEWAY:
        recent_checks.reckon()
    yield from ()


def gather() -> Iterator[Metric]:
    """Gather what was counted; tells nothing itself."""
    check_counts.gather()
    yield from ()


def checks_of_the_last_hour() -> Iterator[Metric]:
    """Tell how many were checked within the hour, and how quickly they answered."""
    checks = GaugeMetricFamily(
        f"{PREFIX}checks",
        "Integrations that were checked within the last hour, by their last check.",
        labels=["service", "status"],
    )
    times = GaugeMetricFamily(
        f"{PREFIX}response_time_ms",
        "Milliseconds that these checks took: on average, and 95 % of them at most.",
        labels=["service", "status", "stat"],
    )
    for row in recent_checks.read():
        checks.add_metric([row.service, row.status], row.checks)
        for stat, value in (("avg", row.average_ms), ("p95", row.p95_ms)):
            if value is not None:
                times.add_metric([row.service, row.status, stat], value)
    yield checks
    yield times
    age = recent_checks.age()
    if age is not None:
        yield GaugeMetricFamily(
            f"{PREFIX}checks_age_seconds",
            "How long ago the two above were reckoned; once a minute while somebody asks.",
            value=age.total_seconds(),
        )


def checks_ever() -> Iterator[Metric]:
    """Tell how many checks there ever were."""
    family = CounterMetricFamily(
        f"{PREFIX}checks",
        "Checks that were recorded, late ones included, each once.",
        labels=["provider", "service", "outcome"],
    )
    for row in check_counts.totals():
        family.add_metric([row.provider, row.service, row.outcome], row.checks)
    yield family


def pace() -> Iterator[Metric]:
    """Tell how late we are, and what providers still let us ask."""
    now = clock.now()
    paces = watchdog.paces()
    yield GaugeMetricFamily(
        f"{PREFIX}scheduler_lag_seconds",
        "How late the oldest due check is.",
        value=max((one.lag(now).total_seconds() for one in paces), default=0.0),
    )
    yield GaugeMetricFamily(
        f"{PREFIX}overdue",
        f"Checks that are due and wait, of each provider {watchdog.MOST_COUNTED} at most.",
        value=sum(one.overdue for one in paces),
    )
    remaining = GaugeMetricFamily(
        f"{PREFIX}provider_budget_remaining",
        "Calls that a provider said, when it was last asked, it still takes in its window.",
        labels=["provider"],
    )
    for one in paces:
        if one.remaining is not None:
            remaining.add_metric([one.provider], one.remaining)
    yield remaining


def incidents() -> Iterator[Metric]:
    """Tell which providers have incidents now."""
    family = GaugeMetricFamily(
        f"{PREFIX}provider_incident",
        "Open incidents of a provider or a service through it; any: of a service wherever it is.",
        labels=["provider"],
    )
    found = dict.fromkeys((*settings.PROVIDERS, ANY), 0)
    rows = ProviderIncident.objects.filter(closed_at=None).values_list("provider")
    for provider, count in rows.annotate(count=Count("pk")).order_by():
        found[provider if provider in settings.PROVIDERS else ANY] += count
    for provider, count in found.items():
        family.add_metric([provider], count)
    yield family

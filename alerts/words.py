"""What an alert says, in a sentence."""

from datetime import timedelta

from alerts.rules import Condition, Rate, Rule
from integrations_health import names, time_words
from integrations_health.outcomes import MEANINGS, Observation


def name(*, display_name: str, service: str, provider: str) -> str:
    """Return what people call an integration."""
    return display_name or f"{names.service(service)} via {names.provider(provider)}"


def opened(called: str, rule: Rule, seen: Observation, *, rate: Rate) -> str:
    """Return what is wrong, and why."""
    because = MEANINGS[seen.outcome].sentence
    match rule.condition:
        case Condition.CONSECUTIVE_FAILURES:
            times = seen.consecutive_failures
            said = f"{called} has failed {times} times in a row."
            return f"{said if times > 1 else f'{called} has failed.'} {because}"
        case Condition.RESPONSE_TIME:
            assert seen.response_time_ms is not None
            took, most = _seconds(seen.response_time_ms), _seconds(rule.threshold)
            return f"{called} took {took} to answer; {most} is the limit."
        case Condition.ERROR_RATE:
            percent = 100 * rate.failed / rate.checks
            within = time_words.span(rule.window)
            said = f"{called} failed in {percent:.0f} % of {rate.checks} checks within {within}."
            return f"{said} {because}".strip()


def recovered(called: str, *, after: timedelta) -> str:
    """Return the all-clear."""
    return f"{called} works again, after {time_words.span(after)}."


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3g} s"

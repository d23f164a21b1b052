"""Whose a new integration is: the caller's, or that of the user whom a back end names."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from integrations_health import people
from integrations_health.access import Caller
from integrations_health.models import User
from integrations_health.problems import FieldError, Problem, invalid

LONGEST = 255


class Owner(NamedTuple):
    """A user: our id, None when we do not know them yet, and the application's, maybe empty."""

    id: UUID | None
    name: str


def of_new(caller: Caller, said: Mapping[str, Any]) -> tuple[Owner, dict[str, Any]]:
    """Return whose an integration shall be, and what else is said of it. Raises Problem."""
    rest = {name: value for name, value in said.items() if name != "user"}
    if "user" not in said:
        return _caller_as_owner(caller), rest
    if not caller.sees_everybody:
        raise _wrong("is not yours to say", "leave it out: the integration will be yours")
    return _named(said["user"]), rest


def person(caller: Caller) -> User | None:
    """Return the user that a caller is or acts for; None for one who is new here. Raises Problem.

    Not for a back end that acts for nobody.
    """
    if caller.user_id is not None:
        known = User.objects.filter(pk=caller.user_id).first()
        if known is None:
            raise Problem(
                status=403, code="user_unknown", detail="Nobody here has the id in your token."
            )
    else:
        known = User.objects.filter(external_id=caller.external_id).first()
    if known is not None and not known.is_active:
        raise _inactive()
    return known


def _caller_as_owner(caller: Caller) -> Owner:
    if not caller.is_somebody:
        raise _wrong("is missing", "send your id of the user, here or in the header X-Act-For")
    known = person(caller)
    return _owner(known) if known else Owner(None, caller.external_id or "")


def _named(reference: object) -> Owner:
    if not isinstance(reference, str) or not 0 < len(reference.strip()) <= LONGEST:
        raise _wrong("is not the id of a user", f"send 1 to {LONGEST} characters")
    try:
        user = people.act_for(reference)
    except people.Ambiguous:
        raise _wrong("may mean several people", "send our id of the user") from None
    except people.Inactive:
        raise _inactive() from None
    return Owner(None, reference) if user is None else _owner(user)


def _owner(user: User) -> Owner:
    return Owner(user.pk, user.external_id or "")


def _wrong(problem: str, remedy: str) -> Problem:
    return invalid(FieldError(field="user", problem=problem, remedy=remedy))


def _inactive() -> Problem:
    return Problem(
        status=403, code="user_inactive", detail="The account of that user is switched off."
    )

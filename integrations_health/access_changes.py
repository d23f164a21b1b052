"""Tell a user's open sockets when their access may have ended.

Signing out, a new password and a closed account are Django's own doing, in forms and commands of
its own: its signals are how it tells, and this is the one place that hears them.
"""

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpRequest

from integrations_health import handshake, live
from integrations_health.models import User

# Written at every sign-in, and nobody's access.
_HARMLESS = frozenset({"last_login"})


def hear() -> None:
    """Hear of changes from now on."""
    user_logged_out.connect(_signed_out)
    post_save.connect(_saved, sender=User)


def _signed_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    # The session is deleted after this, so the sockets are told which one it is.
    key = request.session.session_key if hasattr(request, "session") else None
    if user is not None:
        ended = handshake.digest_of(key) if key else ""
        transaction.on_commit(partial(live.tell_of_access, user.pk, ended_session=ended))


def _saved(
    *, instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any
) -> None:
    if not created and update_fields != _HARMLESS:
        transaction.on_commit(partial(live.tell_of_access, instance.pk))

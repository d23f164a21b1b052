"""Let people sign in with their username or with the application's id of them."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.http import HttpRequest

from integrations_health.models import User


class ByNameOrExternalId(ModelBackend):
    """Finds a person by username, else by external id, and checks the password."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the person, or None when name and password do not belong together."""
        if not username or password is None or "\0" in username:
            return None
        found = list(User.objects.filter(Q(username=username) | Q(external_id=username)))
        # A username wins: nobody takes an account over by an external id that reads like its name.
        found.sort(key=lambda person: person.username != username)
        if not found:
            # As long as with an account, so that time does not tell who has one.
            make_password(password)
            return None
        person = found[0]
        if person.check_password(password) and self.user_can_authenticate(person):
            return person
        return None

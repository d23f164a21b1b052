"""The one scope through which every row that has an owner is reached."""

from typing import Self, TypeVar

from django.apps import apps
from django.db import models

from integrations_health.access import Caller

M = TypeVar("M", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows with a `user_id`."""

    def visible_to(self, caller: Caller) -> Self:
        """Keep what `caller` may see; the rest is to them as if it did not exist."""
        if caller.sees_everybody:
            return self
        if caller.user_id is not None:
            return self.filter(user_id=caller.user_id)
        if caller.external_id is not None:
            users = apps.get_model("integrations_health", "User")._default_manager
            owner = users.filter(external_id=caller.external_id).values("pk")
            return self.filter(user_id=models.Subquery(owner))
        return self.none()

"""While the database is away, a page says so, and what to do."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from integrations_health import database_faults
from integrations_health.pages import errors

logger = logging.getLogger(__name__)


class DatabaseAway(MiddlewareMixin):
    """Answers 503 for a page that needs the database; the API answers for itself."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page, or None for what is no fault of the database's."""
        if not database_faults.is_away(exception):
            return None
        # Without a traceback for each: an outage has thousands, and all say the same.
        logger.warning("database.unavailable", extra={"reason": type(exception).__name__})
        return errors.unavailable(request)

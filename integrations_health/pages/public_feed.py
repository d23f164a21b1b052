"""The incidents as RSS, for those who want to be told."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.urls import reverse
from django.utils import feedgenerator

from integrations_health import public_words
from integrations_health.models import ProviderIncident
from integrations_health.pages import public, themes
from integrations_health.public_status import Board

if TYPE_CHECKING:
    IncidentFeed = Feed[ProviderIncident, Board]
else:
    IncidentFeed = Feed

MOST = 50


class Incidents(IncidentFeed):
    """The incidents as RSS: each opens an item, and its end changes it."""

    feed_type = feedgenerator.Rss201rev2Feed
    title = f"{themes.PRODUCT}: incidents"
    description = "Providers and services that fail for many, and when they work again."
    ttl = 5

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Board:
        """Return what the page shows."""
        return public.board_of_now()

    def link(self, board: Board) -> str:
        """Return the page's address."""
        return reverse("public-status")

    def items(self, board: Board) -> list[ProviderIncident]:
        """Return what the page lists: each links to its place there."""
        return board.recent[:MOST]

    def item_title(self, item: ProviderIncident) -> str:
        """Return what failed, and whether it goes on."""
        became = {"Open": "", "Over": " (resolved)", "Continued": " (continued)"}
        return f"{public_words.title(item)}{became[public_words.state(item)]}"

    def item_description(self, item: ProviderIncident) -> str:
        """Return when it began, and when it ended."""
        began = f"Since {item.opened_at:%Y-%m-%d %H:%M} UTC."
        if item.closed_at is None:
            return f"{began} It goes on; we keep checking."
        length = public_words.lasted(item, now=item.closed_at)
        until = f"{item.closed_at:%Y-%m-%d %H:%M} UTC"
        if item.continued_by is not None:
            return f"{began} From {until} on: {public_words.continued_as(item)}."
        return f"{began} Until {until}, for {length}."

    def item_link(self, item: ProviderIncident) -> str:
        """Return the incident's place on the page."""
        return f"{reverse('public-status')}#incident-{item.pk}"

    def item_guid(self, item: ProviderIncident) -> str:
        """Return what tells readers that the end belongs to the beginning."""
        return str(item.pk)

    item_guid_is_permalink = False

    def item_pubdate(self, item: ProviderIncident) -> datetime:
        """Return when it began."""
        return item.opened_at

    def item_updateddate(self, item: ProviderIncident) -> datetime:
        """Return when it last changed."""
        heir = item.continued_by
        return (heir and heir.closed_at) or item.closed_at or item.opened_at


feed = public.for_everybody(Incidents())

"""Send rows as a CSV file, while they are read."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from integrations_health import pooled_connection, spreadsheets

Rows = Sequence[Mapping[str, object]]


class Csv(BaseRenderer):
    """Stands for CSV while a media type is negotiated; `csv_answer` writes it."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


def csv_answer(
    request: Request, parts: Iterable[Rows], *, columns: Sequence[str], name: str
) -> StreamingHttpResponse:
    """Return a file `name` that is written part by part."""
    texts = _texts(parts, columns)
    return StreamingHttpResponse(
        _awaited(texts) if isinstance(request._request, ASGIRequest) else texts,
        content_type="text/csv; charset=utf-8; header=present",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _texts(parts: Iterable[Rows], columns: Sequence[str]) -> Iterator[str]:
    yield spreadsheets.header(columns)
    for rows in parts:
        # Whoever reads slowly must not keep a connection from the others.
        pooled_connection.let_go()
        yield spreadsheets.lines(rows, columns=columns)


async def _awaited(texts: Iterator[str]) -> AsyncIterator[str]:
    # In the thread of this request, where its database connection is.
    following = sync_to_async(lambda: next(texts, None))
    while (text := await following()) is not None:
        yield text

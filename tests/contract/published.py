"""The providers' own documents, and whether an answer is what they promise."""

from functools import cache
from pathlib import Path

import httpx
from openapi_core import OpenAPI
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.testing import MockRequest, MockResponse

_HERE = Path(__file__).parent
# The web pages for a person's browser are no part of what the documents describe.
_PAGES = ("/link/", "/oauth/")


def assert_kept(response: httpx.Response) -> None:
    """Fail when an answer of a documented endpoint is not what the document says.

    An error need not be documented (most of Klavis's are not); a success must be.
    """
    response.read()
    request = response.request
    if request.url.path.startswith(_PAGES):
        return
    document, host = _document("klavis" if "authorization" in request.headers else "composio")
    asked = MockRequest(
        host, request.method, request.url.path, args=dict(request.url.params), data=request.content
    )
    kind = response.headers["content-type"]
    answered = MockResponse(response.content, response.status_code, content_type=kind)
    try:
        document.validate_response(asked, answered)
    except ResponseNotFound:
        assert response.is_error, f"{request.method} {request.url.path} is not documented"


@cache
def _document(provider: str) -> tuple[OpenAPI, str]:
    document = OpenAPI.from_file_path(str(_HERE / f"{provider}-openapi.json"))
    return document, document.spec.read_value()["servers"][0]["url"]

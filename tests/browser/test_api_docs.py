"""The page of the API's document works under the strict policy, and asks nobody else."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer


@pytest.mark.django_db(transaction=True)
def test_the_page_of_the_document_keeps_to_the_policy(
    browser: Browser, live_server: LiveServer
) -> None:
    said: list[str] = []
    asked: set[str] = set()
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.add(request.url))
    answer = page.goto(f"{live_server.url}/api/docs")
    page.wait_for_selector(".opblock-summary")
    for block in page.locator(".opblock").all():
        control = block.locator(".opblock-summary-control")
        control.click()
        expect(block.locator(".responses-table").first).to_be_visible()
        control.click()  # what stays open makes all that follows slower
    context.close()

    assert answer is not None
    # The directives come in any order.
    assert "style-src 'self'" in answer.headers["content-security-policy"].split("; ")
    assert said == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []

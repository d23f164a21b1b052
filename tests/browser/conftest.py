"""A real server and a real browser, for the pages that people look at."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from config.asgi import application
from tests.browser.visiting import PATIENCE_SECONDS

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return Debian's Chromium; without it the tests are skipped, and say so."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: type `apt-get install chromium`")
    # Playwright leaves its event loop in this thread, which Django takes for an async context.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def base_url(transactional_db: None) -> Iterator[str]:
    """Serve the product on this test's database, and return where."""
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    # Each request's connection ends with it: none may outlive the test database.
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    server = uvicorn.Server(
        uvicorn.Config(
            ASGIStaticFilesHandler(application), port=0, lifespan="off", log_level="warning"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)
    connections.settings["default"]["CONN_MAX_AGE"] = kept

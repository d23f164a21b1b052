"""Where mails go is one setting, and a mistake in it is named without showing it."""

import json
import os
import subprocess
import sys

import pytest

PRINT = """
import json
from django.conf import settings
print(json.dumps({name: str(getattr(settings, name)) for name in (
    "EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD",
    "EMAIL_USE_TLS", "EMAIL_USE_SSL")}))
"""


def read(url: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRINT],
        env={**os.environ, "EMAIL_URL": url, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}),
        ("smtp://mail.example.com", {"EMAIL_HOST": "mail.example.com", "EMAIL_PORT": "25"}),
        ("smtp+ssl://mail.example.com", {"EMAIL_PORT": "465", "EMAIL_USE_SSL": "True"}),
        (
            "smtp+tls://me:p%40ss@mail.example.com",
            {"EMAIL_PORT": "587", "EMAIL_HOST_PASSWORD": "p@ss", "EMAIL_USE_TLS": "True"},
        ),
    ],
)
def test_a_mail_server_is_named_by_a_url(url: str, expected: dict[str, str]) -> None:
    found = json.loads(read(url).stdout)

    assert found | expected == found


@pytest.mark.parametrize(
    "url", ["mail.example.com", "pop3://me:hunter2@mail.example.com", "smtp://", "smtp://h:port"]
)
def test_a_mistake_is_named_and_not_shown(url: str) -> None:
    done = read(url)

    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert "EMAIL_URL is not understood. Type smtp+tls://" in last
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    "sender",
    [
        "health@localhost",
        "M\u00fcller <health@example.com>",
        '"Example, Inc." <health@example.com>',
    ],
)
def test_mails_may_be_from_an_address_with_a_name_or_without(sender: str) -> None:
    assert read(DEFAULT_FROM_EMAIL=sender).returncode == 0


@pytest.mark.parametrize(
    "sender",
    ["Example, Inc. <health@example.com>", "Integration Health", "<>", "a@b@example.com"],
)
def test_a_sender_that_no_mail_can_have_is_named(sender: str) -> None:
    done = read(DEFAULT_FROM_EMAIL=sender)

    assert f"DEFAULT_FROM_EMAIL={sender} is not understood. Type " in done.stderr.splitlines()[-1]

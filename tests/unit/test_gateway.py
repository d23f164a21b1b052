"""Where metrics are pushed to is one setting, and a mistake in it is named without showing it."""

import os
import subprocess
import sys

import pytest

from config import gateway
from config.gateway import Gateway, NoGateway


def test_an_address_and_who_we_are_are_told_apart() -> None:
    found = gateway.read("https://me:p%40ss@push.example.com:9091/prefix/")

    assert found == Gateway(
        url="https://push.example.com:9091/prefix", username="me", password="p@ss"
    )
    assert "p@ss" not in repr(found)
    assert gateway.read("http://[::1]:9091") == Gateway(url="http://[::1]:9091")
    assert gateway.read("") is None


@pytest.mark.parametrize(
    "url",
    [
        "pushgateway:9091",
        "ftp://gateway",
        "http://",
        "http://gateway:port",
        "http://gateway:70000",
        "http://me@gateway",
        "http://gateway/?job=x",
        "http://gateway/#x",
        "http://gate way",
    ],
)
def test_what_is_no_gateway_is_refused(url: str) -> None:
    with pytest.raises(NoGateway):
        gateway.read(url)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUSHGATEWAY_URL", "gateway:hunter2@here", "PUSHGATEWAY_URL is not understood. Type "),
        ("METRICS_TOKEN", "hunter2", "METRICS_TOKEN has 7 characters. Type at least 32 random"),
    ],
)
def test_a_mistake_is_named_and_not_shown(name: str, value: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from config import settings"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said in done.stderr.splitlines()[-1]
    assert "hunter2" not in done.stderr

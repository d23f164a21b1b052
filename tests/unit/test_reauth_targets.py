"""Nobody is sent anywhere but to a provider."""

import pytest

from integrations_health.reauth_targets import host_of, is_allowed

HOSTS = ["connect.composio.dev", "login.example.com"]
BASE = "https://backend.composio.dev"


def allowed(url: str, *, base_url: str = BASE) -> bool:
    return is_allowed(url, hosts=HOSTS, base_url=base_url)


@pytest.mark.parametrize(
    "url",
    [
        "https://connect.composio.dev/link/lk_1",
        "https://connect.composio.dev:443/link/lk_1?a=b#c",
        "https://CONNECT.composio.dev/link/lk_1",
        "https://login.example.com",
        "https://backend.composio.dev/api/v3/s/x",
    ],
)
def test_a_provider_may_send_people_to_its_own_hosts(url: str) -> None:
    assert allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/link/lk_1",
        "//connect.composio.dev/link",
        "http://connect.composio.dev/link",
        "https://evil.example.net/",
        "https://connect.composio.dev.evil.example.net/",
        "https://evil.example.net/connect.composio.dev",
        "https://evil.example.net?connect.composio.dev",
        "https://evil.example.net#@connect.composio.dev/",
        "https://evil.example.net\\@connect.composio.dev/",
        "https://connect.composio.dev\\.evil.example.net/",
        "https://connect.composio.dev@evil.example.net/",
        "https://user:password@connect.composio.dev/",
        "https://@connect.composio.dev/",
        "https://sub.connect.composio.dev/",
        "https://composio.dev/",
        "https://connect.composio.dev./",
        "https://connect.composio.dev:8443/",
        "https://connect.composio.dev:0/",
        "https://connect.composio.dev:port/",
        "https://connect\u3002composio\u3002dev/",
        "https://c\u043ennect.composio.dev/",
        "https:connect.composio.dev/",
        "https:///connect.composio.dev/",
        "https:/connect.composio.dev/",
        "https://[::1]/",
        "https://[connect.composio.dev/",
        "javascript:alert(1)",
        "javascript://connect.composio.dev/%0aalert(1)",
        "data:text/html,x",
        "ftp://connect.composio.dev/",
        "ws://connect.composio.dev/",
        "HTTPS://evil.example.net/",
        " https://connect.composio.dev/",
        "https://connect.composio.dev/\r\nSet-Cookie: a=b",
        "https://connect.composio.dev/\t",
        "ht\ntps://connect.composio.dev/",
        "https://connect.composio.dev/\0",
        "http://backend.composio.dev/",
        "https://backend.composio.dev:8443/",
    ],
)
def test_nobody_is_sent_anywhere_else(url: str) -> None:
    assert not allowed(url)


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("http://127.0.0.1:8900/link/lk_1", True),
        ("http://127.0.0.1:8901/link/lk_1", False),
        ("http://127.0.0.1/link/lk_1", False),
        ("https://127.0.0.1:8900/link/lk_1", False),
        ("http://127.0.0.1:8900@evil.example.net/", False),
        ("http://127.0.0.1:8900.evil.example.net/", False),
    ],
)
def test_where_the_provider_is_asked_it_has_its_pages_too(url: str, is_so: bool) -> None:
    assert allowed(url, base_url="http://127.0.0.1:8900") is is_so


def test_no_address_of_a_provider_allows_no_other() -> None:
    assert not allowed("https:///", base_url="")
    assert not allowed("http://", base_url="")


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://evil.example.net:1/x", "evil.example.net"), ("https://[", ""), ("", "")],
)
def test_the_log_names_the_host_that_was_refused(url: str, host: str) -> None:
    assert host_of(url) == host

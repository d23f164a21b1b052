"""Messages go to other people's public servers only."""

import pytest

from alerts.senders import guard


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is not an address"),
        ("hooks.example.com/x", "is not an address"),
        ("ftp://example.com/", "is not an address"),
        ("https://exa mple.com/", "is not an address"),
        ("https://[::1/", "is not an address"),
        ("https://example.com:99999/", "is not an address"),
        ("http://example.com/", "is not encrypted"),
        ("https://example.com:22/", "names a port"),
        ("https://me:secret@example.com/", "holds a user name"),
        ("https://me@example.com/", "holds a user name"),
        ("https://0x7f.1/", "is inside a private network"),
        ("https://2130706433/", "is inside a private network"),
        ("https://127.0.0.1/", "is inside a private network"),
        ("https://[::1]/", "is inside a private network"),
        ("https://[::ffff:169.254.169.254]/", "is inside a private network"),
    ],
)
def test_what_cannot_be_an_address_is_refused_before_anybody_is_asked(
    url: str, reason: str
) -> None:
    with pytest.raises(guard.Refused, match=f"^{reason}") as refused:
        guard.require_sendable(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?x=1",
        "https://example.com:8443/",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
        "https://bücher.example/",
    ],
)
def test_what_may_be_an_address_is_taken(url: str) -> None:
    guard.require_sendable(url)


def test_a_host_of_one_s_own_network_that_is_trusted_is_taken(settings) -> None:
    settings.DELIVERY_TRUSTED_HOSTS = ["10.0.0.7:8080", "[::1]:9000"]

    guard.require_sendable("http://10.0.0.7:8080/hook")
    guard.require_sendable("http://[::1]:9000/hook")
    with pytest.raises(guard.Refused):
        guard.require_sendable("http://10.0.0.7:8081/hook")


def test_an_address_elsewhere_than_at_the_hosts_that_must_be_is_refused() -> None:
    hosts = ("hooks.slack.com",)

    guard.require_sendable("https://hooks.slack.com/services/T0/B0/x", hosts=hosts)
    with pytest.raises(guard.Refused, match="is not at hooks"):
        guard.require_sendable("https://hooks.slack.com.evil.example/services/x", hosts=hosts)

"""Messages go to other people's public servers only."""

import pytest

from alerts.senders import addresses, guard

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:a9fe:a9fe::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2606:4700::1%eth0",
    "not an address",
    "",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "100.63.255.255",
    "172.15.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_message_goes_to_a_private_address(address: str) -> None:
    assert not addresses.is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_messages_go_to_public_addresses(address: str) -> None:
    assert addresses.is_allowed(address)


@pytest.mark.parametrize(
    "host",
    ["0x7f.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "1.1.1.1.", "host.0x10"],
)
def test_a_number_in_an_odd_notation_is_known_as_one(host: str) -> None:
    assert addresses.is_odd_number(host)


@pytest.mark.parametrize("host", ["1.1.1.1", "example.com", "x1", "127.0.0.1.nip.io", "1e100.net"])
def test_names_and_plain_numbers_are_no_odd_ones(host: str) -> None:
    assert not addresses.is_odd_number(host)


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

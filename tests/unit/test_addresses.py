"""Which addresses belong to the public internet, and which lead into somebody's own network."""

import pytest

from integrations_health import addresses

PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111"),
    # A public IPv4 address, written or reached by way of IPv6.
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]
NOT_PUBLIC = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("100.64.0.1", "169.254.169.254", "192.0.0.8", "192.88.99.1", "198.18.0.1", "203.0.113.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254"),
    *("ff02::1", "2001::1", "2001:db8::1", "64:ff9b:1::1"),
    # A private IPv4 address, written or reached by way of IPv6.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("", "example.com", "2130706433", "0x7f000001", "127.1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_is_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "mcp", "printer.local"),
        *("metadata.google.internal", "127.0.0.1", "[::1]", "[::ffff:169.254.169.254]"),
        *("2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", ""),
    ],
)
def test_what_is_private_by_its_name_is_told_before_anybody_is_asked(host: str) -> None:
    assert addresses.is_named_private(host)


@pytest.mark.parametrize("host", ["example.com", "mcp.example.com.", "8.8.8.8", "[2606:4700::1]"])
def test_a_name_of_the_internet_is_not_private_by_itself(host: str) -> None:
    assert not addresses.is_named_private(host)

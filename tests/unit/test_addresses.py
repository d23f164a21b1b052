"""Which addresses belong to the public internet, and which lead into somebody's own network."""

import pytest

from integrations_health import addresses

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
    "2130706433",
    "0x7f000001",
    "127.1",
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
def test_a_private_address_is_not_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert addresses.is_public(address)


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

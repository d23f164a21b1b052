"""Tell public internet addresses from those that lead into somebody's own network."""

import ipaddress
from contextlib import suppress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Prefixes by which an IPv6 address carries an IPv4 one to somewhere else.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")
_NOT_PUBLIC_4 = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "0.0.0.0/8")
]
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "lan")


def is_public(address: str) -> bool:
    """Say whether a numeric address belongs to the public internet, and leads nowhere else."""
    try:
        # Without the zone: fe80::1%eth0 is no less local.
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found)


def is_named_private(host: str) -> bool:
    """Say whether a host is private by its very name or number, before anybody is asked."""
    name = host.strip("[]").rstrip(".").lower()
    with suppress(ValueError):
        ipaddress.ip_address(name.partition("%")[0])
        return not is_public(name)
    if any(name == local or name.endswith(f".{local}") for local in _LOCAL_NAMES):
        return True
    # 2130706433, 0x7f.1 and 127.1 are numbers to some and names to nobody.
    last = name.rpartition(".")[2]
    return "." not in name or last.isdigit() or last.startswith("0x")


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        is_shared = any(address in network for network in _NOT_PUBLIC_4)
        return address.is_global and not (is_shared or address.is_multicast or address.is_reserved)
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None:
        return _is_public(address.sixtofour)
    is_local = address in _SITE_LOCAL or address in _LOCAL_NAT64
    return address.is_global and not (is_local or address.is_multicast or address.is_reserved)

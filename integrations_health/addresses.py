"""Tell public internet addresses from those that lead into somebody's own network."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# `is_global` of Python 3.11 calls several of these global; later versions know more of them.
_DENIED = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: the metadata of most clouds
        "168.63.129.16/32",  # a public number that one cloud answers inside itself
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, as the next two of /24
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
# Of IPv6 only what is handed out today is anybody's server ...
_UNICAST = ipaddress.ip_network("2000::/3")
# ... but for these.
_DENIED_6 = [
    ipaddress.ip_network(network)
    for network in (
        "2001::/23",  # protocols: Teredo, benchmarks, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# The URL standard takes a host that ends like this for a number, in whatever notation.
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)\.?$", re.IGNORECASE)
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "lan")


def is_public(address: str) -> bool:
    """Say whether an address, as a resolver wrote it, is public and leads nowhere else."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return all(_is_public(one) for one in _with_inner(parsed))


def is_named_private(host: str) -> bool:
    """Say whether a host is private by its very name or number, before anybody is asked."""
    name = host.strip("[]").rstrip(".").lower()
    with suppress(ValueError):
        ipaddress.ip_address(name.partition("%")[0])
        return not is_public(name)
    if any(name == local or name.endswith(f".{local}") for local in _LOCAL_NAMES):
        return True
    return "." not in name or is_odd_number(name)


def is_odd_number(host: str) -> bool:
    """Say whether a host is a number in a notation that programs read differently."""
    if not _ENDS_IN_A_NUMBER.search(host):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _with_inner(address: IPAddress) -> Iterator[IPAddress]:
    """Yield the address and, when it only wraps an IPv4 address, that one instead."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
        if address in _NAT64:
            # A network without IPv4 reaches the whole of it through this prefix.
            yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
            return
    yield address


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _DENIED)
    is_scoped = address.scope_id is not None
    return (
        not is_scoped
        and address in _UNICAST
        and not any(address in network for network in _DENIED_6)
    )

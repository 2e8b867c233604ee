"""Where a remote model may be: not inside our own network, unless a setting says so.

An owner types the address and the server calls it, so it could be made to call what only the
server can reach. The name is resolved once and the connection goes to the address that was
checked: a name that points elsewhere a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from inference.remote.problems import CallFailed, Misplaced

Address = IPv4Address | IPv6Address

PORTS = {"http": 80, "https": 443}
NAT64 = ip_network("64:ff9b::/96")
GLOBAL_UNICAST = ip_network("2000::/3")
TUNNELS = (ip_network("2001::/32"), ip_network("2002::/16"))  # Teredo and 6to4 lead to any IPv4
METADATA = tuple(
    ip_network(cloud)
    for cloud in (
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    )
)
PRIVATE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)


class Place(NamedTuple):
    """The parts of a URL that may be called."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self._host}:{self.port}"

    @property
    def host_header(self) -> str:
        return self._host if self.port == PORTS[self.scheme] else f"{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def place_of(url: str) -> Place:
    """The parts of an http or https URL without user, query and fragment. Raises Misplaced."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in " \\"):
        raise Misplaced("An address holds ASCII characters only, and no spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misplaced("That is no address. Write it as https://host/path.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Misplaced("An address begins with https:// or http:// and names a host.")
    if "@" in parts.netloc:
        raise Misplaced("An address holds no user or password. Name a key instead.")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise Misplaced("An address ends with its path: leave out what begins with ? or #.")
    if port == 0:
        raise Misplaced("0 is no port.")
    host = parts.hostname.rstrip(".")
    return Place(parts.scheme, host, port or PORTS[parts.scheme], parts.path.rstrip("/"))


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses behind a name, every one of which may be called.

    Raises Misplaced, and CallFailed where the name leads nowhere.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CallFailed(f"The name {host} leads to no address.", again=True) from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        raise_unless_allowed(ip_address(address), host)
    return addresses


def raise_if_written_so(place: Place) -> None:
    """Refuse an address that is written as figures, before anything is called. Raises Misplaced."""
    try:
        address = ip_address(place.host)
    except ValueError:
        return
    raise_unless_allowed(address, place.host)


def raise_unless_allowed(address: Address, host: str) -> None:
    """Raises Misplaced."""
    address = _meant(address)
    if is_public(address):
        return
    if not any(address in network for network in PRIVATE) or _is_metadata(address):
        raise Misplaced(f"{host} leads to an address at which no model may be.")
    if not settings.REMOTE_PRIVATE_NETWORKS:
        raise Misplaced(
            f"{host} lies in a private network, and models there are not called. "
            "REMOTE_PRIVATE_NETWORKS=1 in the server's settings allows it."
        )


def is_public(address: Address) -> bool:
    if address.is_multicast or _is_metadata(address):
        return False
    if isinstance(address, IPv6Address) and (
        address not in GLOBAL_UNICAST or any(address in network for network in TUNNELS)
    ):
        return False
    return address.is_global


def _is_metadata(address: Address) -> bool:
    """Where clouds tell a machine its secrets; link-local addresses are no part of any list."""
    return any(address in network for network in METADATA)


def _meant(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address

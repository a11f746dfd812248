"""Which addresses a tool may connect to: public ones, and nothing that leads back to this machine.

Refused     private, loopback, link-local (with it 169.254.169.254, the metadata of clouds),
            multicast, reserved and unspecified addresses; IPv4 addresses dressed as IPv6
            (mapped, compatible, 6to4, NAT64, Teredo) and whatever is not globally routed
A name is resolved once and every address it has must be public: a name with one private address
is a trap, not a fall-back. The caller connects to the address that was checked, not to the name.
"""

import ipaddress
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) to addresses as text; OSError when the name has none."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# An address inside one of these names an IPv4 address that is_global does not look at.
DISGUISES = tuple(
    ipaddress.IPv6Network(net) for net in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
                                           "2001::/32", "2002::/16", "fec0::/10")
)  # fmt: skip


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of the operating system's resolver, IPv4 first. OSError when there are none."""
    import socket

    if (written := _written(host)) is not None:
        return [written]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ordered = sorted(found, key=lambda entry: entry[0] is not socket.AF_INET)
    return [str(entry[4][0]) for entry in ordered]


def _written(host: str) -> str | None:
    """The address that a host is, in any spelling of inet(3) (127.1, 0x7f000001), or None for a name.

    A number is never looked up: what it means must not depend on a name server.
    """
    import socket

    for family, read in ((socket.AF_INET, socket.inet_aton), (socket.AF_INET6, _pton6)):
        try:
            return socket.inet_ntop(family, read(host))
        except OSError:
            continue
    return None


def _pton6(host: str) -> bytes:
    import socket

    return socket.inet_pton(socket.AF_INET6, host)


def is_public(text: str) -> bool:
    """Whether an address, as text, may be connected to; False for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and (
        address.scope_id or any(address in net for net in DISGUISES)
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)

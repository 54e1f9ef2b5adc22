"""Fetching an image by URL, so that nobody reaches through the service what only the service can reach.

The name is resolved first, every address it has must be public, and the connection goes to one of these very
addresses: a name that resolves differently a moment later (DNS rebinding) gains nothing. Redirects are followed by
hand, each checked anew. Proxy variables of the environment are not read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import httpx

from mathocr.pipeline.serving.problems import Problem

_REDIRECTS = 3
_CODES = frozenset({301, 302, 303, 307, 308})


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    Addresses of IPv4 wrapped in IPv6 are judged by what they wrap.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def fetch(url: str, most_bytes: int, seconds: float, allowed: Callable[[str], bool] = is_public) -> bytes:
    """The bytes behind a URL.

    Args:
        url: ``http://`` or ``https://``.
        most_bytes: Largest size.
        seconds: Longest time for all of it.
        allowed: Which IP addresses may be asked.

    Raises:
        Problem: 403 for an address that is not public, 413 for too much, 502 for anything that did not work, 422 for
            what is no such URL.
    """
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_REDIRECTS + 1):
                body, url = await _fetch_once(_parse(url), most_bytes, allowed)
                if body is not None:
                    return body
    except TimeoutError as error:
        raise Problem(502, f"{url}: not fetched within the time limit") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Problem(502, f"{url}: could not be fetched ({type(error).__name__})") from error
    raise Problem(502, f"{url}: more than {_REDIRECTS} redirects")


def _parse(url: str) -> httpx.URL:
    """A URL that can be fetched."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Problem(422, f"not a URL: {url[:200]!r}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Problem(422, f"URL must begin with http:// or https://, got {url[:200]!r}")
    if parsed.userinfo:
        raise Problem(422, "URL must not hold a user name or password")
    return parsed


async def _resolve(url: httpx.URL, allowed: Callable[[str], bool]) -> str:
    """An address of the URL's host; all that it has must be allowed."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Problem(502, f"{url}: the host is not known") from error
    addresses = [str(info[4][0]) for info in found]
    if not addresses or not all(map(allowed, addresses)):
        raise Problem(403, f"{url}: the host is not on the public internet")
    return addresses[0]


async def _fetch_once(url: httpx.URL, most_bytes: int, allowed: Callable[[str], bool]) -> tuple[bytes | None, str]:
    """The body, or None and where a redirect leads."""
    address = await _resolve(url, allowed)
    pinned = url.copy_with(host=address.partition("%")[0])
    host = url.netloc.decode("ascii")
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client,
        client.stream(
            "GET", pinned, headers={"Host": host, "Accept": "image/*, application/pdf", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.host},
        ) as response,
    ):  # fmt: skip
        if response.status_code in _CODES and "location" in response.headers:
            return None, str(url.join(response.headers["location"]))
        if response.status_code != 200:
            raise Problem(502, f"{url}: answered {response.status_code}")
        body = bytearray()
        async for part in response.aiter_raw():  # its size is bounded before anything is unpacked
            body += part
            if len(body) > most_bytes:
                raise Problem(413, f"{url}: larger than {most_bytes / 1e6:g} MB")
        return bytes(body), str(url)

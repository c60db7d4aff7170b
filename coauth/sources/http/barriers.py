"""What stands between here and an address when no connection comes about, in words, and what cures
it.

urllib3 and requests put one error into another, with texts that hold addresses, a proxy's password
among them. So the kinds of the errors are read and never their texts, but for a status that
http.client tells only there.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses as PHRASES  # noqa: N812  a table, not a class
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)

from coauth.sources.http import trust
from coauth.sources.http.connection import Unmade


@dataclass(frozen=True)
class Barrier:
    """`reason` and `cure` are parts of one line; `lasting` says that no second attempt would fare
    better.
    """

    reason: str
    cure: str
    lasting: bool = False


@dataclass(frozen=True)
class Proxy:
    """The proxy on the way to an address: what named it, where it is (None: it cannot be used),
    whether it was given a login.
    """

    variable: str
    place: str | None
    login: bool = False


def proxy_to(url: str) -> Proxy | None:
    """The proxy that requests takes to an address; None where there is none."""
    text = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    if not text:
        return None
    scheme = urlsplit(url).scheme
    spellings = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    variable = next((name for name in spellings if os.environ.get(name)), "the system's settings")
    try:
        return Proxy(variable, _place(text), "@" in text)
    except ValueError:
        return Proxy(variable, None)


def _place(text: str) -> str | None:
    """Host and port of a proxy's address. Where a sign in a password ends the host too early, a
    part of the login would be taken for the host, looked up and told.
    """
    if "://" not in text and "@" in text:
        return None
    parts = urlsplit(text if "://" in text else f"http://{text}")
    spoken = parts.scheme in ("http", "https") or (
        parts.scheme.startswith("socks") and find_spec("socks")
    )
    if not spoken or not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
        return None
    unquote(parts.netloc).encode("latin-1")  # as it will be sent
    return f"{parts.hostname}:{parts.port or {'https': 443}.get(parts.scheme, 80)}"


def unusable(url: str) -> Barrier | None:
    """Why a request to this address must not even be sent: its proxy is none."""
    proxy = proxy_to(url)
    if proxy is None or proxy.place:
        return None
    return Barrier(
        f"{proxy.variable} names no proxy that can be used",
        f"write it like http://proxy.example:3128, {_SIGNS}; a SOCKS proxy needs `pip install pysocks`",
        True,
    )


def barrier(broken: Exception, url: str) -> Barrier | None:
    """What kept `broken` from being an answer of `url`; None where a connection was there and broke
    later.
    """
    errors = list(causes(broken))
    proxy = proxy_to(url)
    at_proxy = proxy if any(isinstance(e, ProxyError) for e in errors) else None
    for error in errors:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _certificate(error, at_proxy)
        if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _NO_TLS:
            return _no_tls(urlsplit(url).hostname, at_proxy)
        if type(error) is OSError and (
            status := re.match(r"Tunnel connection failed: (\d{3})\b", str(error))
        ):
            return refusal(int(status[1]), url)
    return _network(errors, urlsplit(url).hostname, proxy)


def refusal(status: int, url: str) -> Barrier:
    """A proxy answered in the place of the address, and does not let this request through."""
    host, proxy = urlsplit(url).hostname, proxy_to(url)
    variable, place = (
        (proxy.variable, proxy.place) if proxy else ("HTTPS_PROXY", "proxy.example:3128")
    )
    phrase = f"{status} {PHRASES[status]}" if status in PHRASES else str(status)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        asks = (
            "does not accept the user and password it was given"
            if proxy and proxy.login
            else "asks for a user and password"
        )
        cure = f"give them in {variable} as http://user:password@{place}, {_SIGNS}; it may want a login other than Basic, which is not spoken"
        return Barrier(f"the proxy {asks}: {phrase}", cure, True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _passing(phrase, host, proxy)
    return Barrier(
        f"the proxy refuses it: {phrase}",
        f"ask those who run {place} to allow {host}, or set NO_PROXY={host} where no proxy is needed",
        True,
    )


_SIGNS = "signs such as @ : / # in a password as %40 %3A %2F %23"

_NO_TLS = frozenset(
    (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "PACKET_LENGTH_TOO_LONG",
    )
)


def _no_tls(host: str | None, at_proxy: Proxy | None) -> Barrier:
    if at_proxy:
        return Barrier(
            "the proxy answers without TLS",
            f"write {at_proxy.variable} as http://{at_proxy.place}, not https://",
            True,
        )
    return Barrier(
        "the answer came without TLS",
        f"see whether a proxy or the network's own login page answers for {host}, or whether http:// is meant",
        True,
    )


_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64  # X509_V_ERR_… of OpenSSL


def _certificate(error: ssl.SSLCertVerificationError, at_proxy: Proxy | None) -> Barrier:
    whose = "the proxy's certificate" if at_proxy else "its certificate"
    code = getattr(error, "verify_code", 0)
    if code in (_EXPIRED, _NOT_YET):
        why = "has expired" if code == _EXPIRED else "is not valid yet"
        return Barrier(
            f"{whose} {why}",
            "look at this computer's clock; if it is right, those who run the server have to renew it",
            True,
        )
    if code in (_OTHER_HOST, _OTHER_ADDRESS):
        return Barrier(
            f"{whose} is for another host",
            "see whether a proxy or the network's own login page answers in its place",
            True,
        )
    why = getattr(error, "verify_message", "") or "unknown CA"
    variables = " and ".join(trust.variables())
    cure = (
        f"add your organisation's CA to what {variables} names"
        if variables
        else ("name a file with your organisation's CA in SSL_CERT_FILE or REQUESTS_CA_BUNDLE")
    )
    return Barrier(f"{whose} is not trusted: {why}", cure, True)


def _network(errors: list[BaseException], host: str | None, proxy: Proxy | None) -> Barrier | None:
    """Failures that a second attempt may not meet. With a proxy it is its name that is looked up,
    and its port that refuses.
    """
    late = any(isinstance(e, TimeoutError) for e in errors)
    for error in errors:
        if isinstance(error, Unmade):
            return _passing("no answer in time" if late else "connection broken off", host, proxy)
        if isinstance(error, NameResolutionError):
            return _passing("no such host", host, proxy)
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            return _passing("no connection in time", host, proxy)
        if isinstance(error, NewConnectionError):
            no = any(isinstance(e, ConnectionRefusedError) for e in errors)
            return _passing("connection refused" if no else "no way to it", host, proxy)
    return None


def _passing(why: str, host: str | None, proxy: Proxy | None) -> Barrier:
    """The reason names no host: it is counted, and kept with the vintage."""
    if proxy is None:
        return Barrier(why, "check the network, and HTTPS_PROXY where only a proxy leads out of it")
    return Barrier(
        f"proxy: {why}",
        f"check {proxy.variable} ({proxy.place}), or set NO_PROXY={host} where no proxy is needed",
    )


def causes(broken: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of, outermost first: urllib3 and requests keep them in
    three places.
    """
    waiting, visits = [broken], set()
    while waiting:
        error = waiting.pop(0)
        if id(error) in visits:
            continue
        visits.add(id(error))
        yield error
        parts = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
        waiting += [part for part in parts if isinstance(part, BaseException)]

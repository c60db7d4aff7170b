"""The network as it is: what drips, certificates nobody knows, proxies that refuse. One line each,
in time, with no secret in it.
"""

import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from urllib.parse import quote

import msgspec
import pytest
import trustme
from click.testing import CliRunner

from coauth import cli
from coauth.errors import SourceError
from coauth.sources import http, statbank
from coauth.sources.api.transport import NoAnswer, Transport
from coauth.sources.http import barriers, trust
from tests.support.commands import CHECKOUT, missing, project
from tests.support.harvests import WORLD
from tests.support.middlemen import Proxy, Saying, Tls
from tests.support.standin import StandIn
from tests.support.statbank import StatBank
from tests.support.vintages import vintage

PAGE = (CHECKOUT / "coauth" / "docs" / "howto" / "network.md").read_text("utf-8")
SECRET = "geheim"
URL = "https://api.openalex.org/works?filter=type:article"
SOON = 10.0
"""Seconds in which a run ends that nothing can help, on a machine with much else to do. Six
attempts would pause for 31 or more.
"""

SLACK = 4.0
"""Seconds that such a machine may take beside what is waited for."""

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(1)


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    """Nothing of this machine's way out, and no thread left behind."""
    schemes = ("http", "https", "all", "no")
    for name in (
        *trust._CHECKS,
        *(f"{s}_proxy" for s in schemes),
        *(f"{s}_PROXY" for s in map(str.upper, schemes)),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENALEX_API_KEY", "secret-KEY-123")
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certified(authority):
    """`certified(host, …)`: the context of a server with a certificate of the test's own CA."""

    def context(*hosts, by=authority, **given):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        by.issue_cert(*hosts, **given).configure_cert(made)
        return made

    return context


@pytest.fixture
def ca_file(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def openalex():
    """The port of a plain stand-in."""
    with StandIn(WORLD) as server:
        yield int(server.url.rpartition(":")[2])


@pytest.fixture
def root(tmp_path):
    return project(tmp_path / "project")


def line_of(root, *verb, **environment):
    """The one line with which a verb fails, within `SOON` seconds."""
    begun = time.monotonic()
    done = CliRunner().invoke(cli.coauth, [*verb, "--root", str(root)], env=environment)
    took = time.monotonic() - begun
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.output
    assert SECRET not in done.output
    assert took < SOON
    return done.stderr.rstrip("\n")


def works(url, **options):
    """What the first list of works says of its count."""
    with Transport(key=None, url=url, **options) as line:
        return line.get(URL, msgspec.json.decode)["meta"]["count"]


def refusal(url, **options):
    """Why nothing came, the pauses made, and the seconds it took."""
    naps, begun = [], time.monotonic()
    with (
        Transport(key=None, url=url, sleep=naps.append, **options) as line,
        pytest.raises(SourceError) as raised,
    ):
        line.get(URL, msgspec.json.decode)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    return raised.value, naps, time.monotonic() - begun


# -- certificates


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_organisations_ca_is_believed_where_a_variable_names_it(
    monkeypatch, certified, ca_file, openalex, variable
):
    """Each of the usual variables is enough."""
    monkeypatch.setenv(variable, ca_file)
    with Tls(certified("localhost"), openalex) as server:
        assert works(server.url) > 0


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_a_folder_of_cas_is_one_of_hashed_names(
    monkeypatch, certified, ca_file, openalex, tmp_path, variable
):
    """As OpenSSL looks into it; a folder without such names is refused, since nothing in it would
    be believed.
    """
    folder = tmp_path / "certs"
    folder.mkdir()
    shutil.copy(ca_file, folder / "ours.pem")
    monkeypatch.setenv(variable, str(folder))
    with Tls(certified("localhost"), openalex) as server:
        fault, _, _ = refusal(server.url)
        assert (
            f"{variable} names {folder}, where no certificate lies under its hash (`openssl rehash {folder}`"
            in str(fault)
        )
        if not shutil.which("openssl"):
            missing("openssl is not installed")
        subprocess.run(["openssl", "rehash", folder], check=True)
        assert works(server.url) > 0


def test_the_systems_store_is_believed_too(monkeypatch, certified, ca_file, openalex):
    """Where no variable is set: an administrator's CA is there."""
    monkeypatch.setattr(
        ssl.SSLContext,
        "load_default_certs",
        lambda context, *_: context.load_verify_locations(ca_file),
    )
    with Tls(certified("localhost"), openalex) as server:
        assert works(server.url) > 0


def test_a_store_with_something_unreadable_is_told_and_gone_on_without(monkeypatch, caplog):
    """Old Pythons give up at one bad entry of the store of Windows."""

    def bad(*_):
        raise ssl.SSLError(1, "[ASN1: NOT_ENOUGH_DATA] not enough data")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", bad)
    assert trust.context().verify_mode == ssl.CERT_REQUIRED
    assert "the system's store of certificates is not read to its end" in caplog.text


def test_the_variables_of_requests_come_first(
    monkeypatch, authority, certified, ca_file, openalex, tmp_path
):
    """And what one names is believed alone: who restricts it does not get more."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with Tls(certified("localhost"), openalex) as server:
        fault, naps, _ = refusal(server.url)
    assert "its certificate is not trusted" in str(fault)
    assert "add your organisation's CA to what REQUESTS_CA_BUNDLE names" in str(fault)
    assert naps == []


@pytest.mark.parametrize(
    ("hosts", "given", "said"),
    [
        (
            ["localhost"],
            {"not_before": NOW - 9 * DAY, "not_after": NOW - DAY},
            "its certificate has expired); look at this computer's clock",
        ),
        (
            ["localhost"],
            {"not_before": NOW + DAY, "not_after": NOW + 9 * DAY},
            "its certificate is not valid yet); look at this computer's clock",
        ),
        (
            ["elsewhere.example"],
            {},
            "its certificate is for another host); see whether a proxy or the network's own login page",
        ),
    ],
)
def test_certificates_that_are_no_longer_or_not_ours(
    root, certified, ca_file, openalex, hosts, given, said
):
    """At once: no second attempt."""
    with Tls(certified(*hosts, **given), openalex) as server:
        assert said in line_of(
            root, "harvest", COAUTH_OPENALEX_URL=server.url, SSL_CERT_FILE=ca_file
        )


def test_plain_http_where_tls_was_expected(root, openalex):
    """From the address itself, or from whoever a proxy leads to."""
    said = line_of(root, "harvest", COAUTH_OPENALEX_URL=f"https://localhost:{openalex}")
    assert (
        "no connection to localhost of COAUTH_OPENALEX_URL (the answer came without TLS); see whether"
        in said
    )
    with Proxy(behind=openalex) as proxy:
        said = line_of(root, "harvest", HTTPS_PROXY=proxy.url)
    assert (
        "no connection to api.openalex.org (the answer came without TLS); see whether a proxy or the network's own login page answers for"
        in said
    )


def _empty(path):
    path.write_text("")


def _other(path):
    path.write_bytes(b"\x30\x82\x03\x01" + bytes(400))


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: None, "and there is no such file"),
        (_empty, "which holds no certificate as PEM text"),
        (_other, "which holds no certificate as PEM text"),
        (os.mkfifo, "which is no file"),
    ],
)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_path_that_is_no_file_of_cas(root, tmp_path, make, fault, variable):
    """One line names variable and path; nothing was sent."""
    path = tmp_path / "named.pem"
    make(path)
    said = line_of(root, "harvest", **{variable: str(path)})
    assert said.startswith(f"coauth: {variable} names {path}, {fault}")
    assert said.endswith(f"; mend or unset {variable}, and run the same command again")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("none", "and there is no such folder"),
        ("ca.pem", "which is no folder"),
        ("", "where no certificate"),
    ],
)
def test_a_path_that_is_no_folder_of_cas(root, tmp_path, ca_file, name, fault):
    path = tmp_path / name
    assert line_of(root, "harvest", SSL_CERT_DIR=str(path)).startswith(
        f"coauth: SSL_CERT_DIR names {path}, {fault}"
    )


def test_a_file_of_cas_that_may_not_be_read(monkeypatch, root, ca_file):
    """Root may read everything, so the refusal is the operating system's by proxy."""

    def forbidden(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ssl, "create_default_context", forbidden)
    assert f"SSL_CERT_FILE names {ca_file}, which may not be read; mend" in line_of(
        root, "harvest", SSL_CERT_FILE=ca_file
    )


# -- proxies


@pytest.mark.parametrize("login", ["", f"u:{SECRET}", f"domain\\u:{SECRET}@#/%"])
@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_that_carries(monkeypatch, certified, ca_file, openalex, login, secure):
    """CONNECT, with a login or none, also where the proxy itself speaks TLS; what is within is
    checked as ever.
    """
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    context = certified("localhost")
    with (
        Tls(context, openalex) as server,
        Proxy(login=login, context=context if secure else None) as proxy,
    ):
        user, _, password = login.partition(":")
        given = f"{quote(user, safe='')}:{quote(password, safe='')}@" if login else ""
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://{given}"))
        assert works(server.url) > 0
    assert proxy.heads[0].startswith(f"CONNECT localhost:{server.port} ")


def test_no_proxy_is_kept_to(monkeypatch, certified, ca_file, openalex):
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with Tls(certified("localhost"), openalex) as server:
        assert works(server.url) > 0


@pytest.mark.parametrize(
    ("proxied", "login", "said", "naps"),
    [
        (
            {"login": "u:x"},
            "",
            "the proxy asks for a user and password: 407 Proxy Authentication Required); give them in HTTPS_PROXY",
            0,
        ),
        (
            {"login": "u:x"},
            f"u:{SECRET}@",
            "the proxy does not accept the user and password it was given: 407 Proxy Authentication Required)",
            0,
        ),
        (
            {"refusal": 403},
            f"u:{SECRET}@",
            "the proxy refuses it: 403 Forbidden); ask those who run HERE to allow localhost, or set NO_PROXY=localhost",
            0,
        ),
        (
            {"refusal": 502},
            f"u:{SECRET}@",
            "proxy: 502 Bad Gateway); check HTTPS_PROXY (HERE), or set NO_PROXY=localhost",
            2,
        ),
    ],
)
def test_a_proxy_that_refuses(monkeypatch, proxied, login, said, naps):
    """What no retry cures is told at once, what one may cure after three attempts; the server's own
    words are not told.
    """
    with Proxy(**proxied) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://{login}"))
        fault, waits, _ = refusal("https://localhost:1")
    assert said.replace("HERE", f"127.0.0.1:{proxy.port}") in str(fault)
    assert "Zyblenski" not in str(fault)
    assert len(waits) == naps


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        (Saying(), "proxy: connection broken off"),
        (Saying(b"who are you?\r\n\r\n"), "proxy: connection broken off"),
        (Saying(b"HTTP/1.1 200 OK\r\nX: ", b"x"), "proxy: no answer in time"),
        (Saying(b"", b""), "proxy: no answer in time"),
    ],
)
def test_a_proxy_that_is_none(monkeypatch, proxy, said):
    """It closes, chatters, drips or says nothing: three attempts, each in time."""
    with proxy:
        monkeypatch.setenv("https_proxy", f"http://u:{SECRET}@127.0.0.1:{proxy.port}")
        fault, waits, took = refusal("https://localhost:1", timeout=0.1)
    assert said in str(fault)
    assert len(waits) == http.BRIEF - 1
    assert took < 3 * 2 * 0.1 + SLACK


def test_a_proxy_that_speaks_no_tls(monkeypatch):
    with Saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", hears=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://u:{SECRET}@localhost:{proxy.port}")
        fault, naps, _ = refusal("https://localhost:1")
    assert (
        f"the proxy answers without TLS); write HTTPS_PROXY as http://localhost:{proxy.port}, not https://"
        in str(fault)
    )
    assert naps == []


def test_a_proxy_whose_certificate_is_not_known(monkeypatch, certified):
    """Told from the certificate of the server behind it."""
    with Proxy(context=certified("localhost")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://u:{SECRET}@localhost:{proxy.port}")
        fault, naps, _ = refusal("https://localhost:1")
    assert (
        "(the proxy's certificate is not trusted: unable to get local issuer certificate); name a file"
        in str(fault)
    )
    assert naps == []


def test_the_certificate_behind_a_proxy(monkeypatch, certified, openalex):
    """An organisation that opens TLS does it behind its proxy."""
    with Tls(certified("localhost"), openalex) as server, Proxy(login=f"u:{SECRET}") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:{SECRET}@127.0.0.1:{proxy.port}")
        fault, naps, _ = refusal(server.url)
    assert "(its certificate is not trusted: unable to get local issuer certificate)" in str(fault)
    assert naps == []


def test_a_proxy_that_forwards_plain_http_and_wants_a_login(monkeypatch):
    """Without CONNECT its 407 comes as the answer itself."""
    with Proxy(login="u:x") as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://u:{SECRET}@127.0.0.1:{proxy.port}")
        fault, naps, _ = refusal("http://mirror.example")
    assert "the proxy does not accept the user and password it was given: 407" in str(fault)
    assert "give them in HTTP_PROXY" in str(fault)
    assert naps == []


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://proxy.example:port",
        "http://proxy.example:99999",
        "ftp://proxy.example",
        f"u:{SECRET}@proxy.example:1",
        f"http://u:{SECRET}#@proxy.example:1",
        f"http://u:12#{SECRET}@proxy.example:1",
        f"http://u:12/{SECRET}@proxy.example:1",
        f"http://u:12?{SECRET}@proxy.example:1",
        f"http://u:{SECRET}ł@proxy.example:1",
        f"http://u:{SECRET}%C5%82@proxy.example:1",
    ],
)
def test_an_address_of_a_proxy_that_is_none_is_not_even_tried(monkeypatch, address):
    """A sign in a password can make its first half a host, which would be looked up, and told."""

    def never(*_, **__):
        raise AssertionError("no name may be looked up")

    monkeypatch.setenv("HTTPS_PROXY", address)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    fault, naps, _ = refusal("https://localhost:1")
    assert (
        "(HTTPS_PROXY names no proxy that can be used); write it like http://proxy.example:3128, signs such as"
        in str(fault)
    )
    assert naps == []


def test_a_socks_proxy_needs_a_package(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setattr(barriers, "find_spec", lambda _: None)
    assert "(ALL_PROXY names no proxy that can be used)" in str(refusal("https://localhost:1")[0])
    assert "a SOCKS proxy needs `pip install pysocks`" in str(refusal("https://localhost:1")[0])


# -- names and ports


@pytest.fixture
def no_names(monkeypatch):
    """A resolver that knows no name."""
    known = socket.getaddrinfo

    def lookup(host, *more, **given):
        if host == "127.0.0.1":
            return known(host, *more, **given)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.usefixtures("no_names")
def test_names_that_nobody_knows(monkeypatch):
    """Whose name it is, the address's or the proxy's; tried three times where nothing has ever
    answered.
    """
    fault, naps, _ = refusal("https://nosuch.example")
    assert (
        "no connection to nosuch.example of COAUTH_OPENALEX_URL (no such host); check the network"
        in str(fault)
    )
    assert len(naps) == http.BRIEF - 1
    monkeypatch.setenv("HTTPS_PROXY", f"http://u:{SECRET}@noproxy.example:3128")
    fault, naps, _ = refusal("https://nosuch.example")
    assert (
        "(proxy: no such host); check HTTPS_PROXY (noproxy.example:3128), or set NO_PROXY=nosuch.example"
        in str(fault)
    )
    assert len(naps) == http.BRIEF - 1


def test_ports_where_nobody_listens(root, monkeypatch):
    """With the pauses of three attempts, a few seconds."""
    begun = time.monotonic()
    done = CliRunner().invoke(
        cli.coauth,
        ["harvest", "--root", str(root)],
        env={"HTTPS_PROXY": f"http://u:{SECRET}@127.0.0.1:1"},
    )
    assert 2 < time.monotonic() - begun < 5 + SOON
    assert (done.exit_code, SECRET in done.output) == (1, False)
    assert done.stderr.splitlines()[-1].startswith(
        "coauth: no connection to api.openalex.org (proxy: connection refused); check HTTPS_PROXY (127.0.0.1:1), or set NO_PROXY=api.openalex.org"
    )


def test_a_network_that_has_been_there_is_waited_for(openalex):
    """Six attempts, as for every failure that passes: a harvest of an hour does not end with a
    train in a tunnel.
    """
    naps = []
    with Transport(key=None, url=f"http://127.0.0.1:{openalex}", sleep=naps.append) as line:
        line.get(URL, msgspec.json.decode)
        line.address = "http://127.0.0.1:1"
        with pytest.raises(SourceError, match="connection refused"):
            line.get(URL, msgspec.json.decode)
    assert len(naps) == 5


# -- what drips

HEAD = b"HTTP/1.1 200 OK\r\n"
TIMEOUT = 0.15


@pytest.mark.parametrize(
    ("server", "bound"),
    [
        (Saying(b"", b"H"), 2),
        (Saying(HEAD + b"X: ", b"x"), 2),
        (Saying(HEAD, b"X: y\r\n", pause=0.01), 2),
        (Saying(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 2),
        (Saying(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n", b"x"), 2),
        (Saying(HEAD + b"Content-Length: 1000\r\n\r\n", b" "), 1 + http.DEADLINE),
        (Saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), 1 + http.DEADLINE),
        (
            Saying(
                HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
                b"\x00",
            ),
            1 + http.DEADLINE,
        ),
    ],
)
def test_whatever_drips_is_over_in_time(server, bound):
    """Status line, a header, headers, interim answers, a redirect, a body of three kinds: each
    attempt, and so the run, has an end.
    """
    with server:
        fault, naps, took = refusal(f"http://127.0.0.1:{server.port}", timeout=TIMEOUT, attempts=2)
    assert isinstance(fault, NoAnswer)
    assert fault.reason in ("no whole answer in time", "connection broken")
    assert len(naps) == 1
    assert took < 2 * bound * TIMEOUT + SLACK


def test_headers_that_drip_are_counted_as_failures():
    with (
        Saying(HEAD + b"X: ", b"x") as server,
        Transport(
            key=None, url=f"http://127.0.0.1:{server.port}", timeout=0.05, sleep=lambda _: None
        ) as line,
    ):
        with pytest.raises(NoAnswer, match=r"^OpenAlex did not answer \(no whole answer in time\)"):
            line.get(URL, msgspec.json.decode)
        assert line.retries == {"no whole answer in time": 5}


@pytest.mark.parametrize("drop", [b"\0", b""])
def test_a_handshake_that_drips_is_over_in_time(drop):
    """A record of 16 KB is announced, and comes by the byte, or not at all."""
    with Saying(b"\x16\x03\x03\x40\x00", drop, hears=False) as server:
        fault, naps, took = refusal(f"https://localhost:{server.port}", timeout=TIMEOUT)
    assert (
        "no connection to localhost of COAUTH_OPENALEX_URL (no answer in time); check the network"
        in str(fault)
    )
    assert len(naps) == http.BRIEF - 1
    assert took < 3 * 2 * TIMEOUT + SLACK


def test_headers_that_drip_inside_tls(monkeypatch, certified, ca_file):
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    context = certified("localhost")
    with (
        Saying(HEAD + b"X: ", b"x") as slow,
        Tls(context, slow.port) as server,
        Proxy(context=context) as proxy,
    ):
        for way in ("", proxy.url):
            monkeypatch.setenv("HTTPS_PROXY", way)
            fault, _, took = refusal(server.url, timeout=0.3, attempts=1)
            assert "(no whole answer in time)" in str(fault)
            assert took < 2 * 0.3 + SLACK


def test_what_comes_slowly_but_in_time_is_taken():
    """The deadline is no second time-out of silence: pauses longer than what is left at its end are
    cut, shorter ones are not.
    """

    class Slow(Saying):
        def serve(self, connection):
            self.head(connection)
            for sign in HEAD + b"Content-Length: 2\r\n\r\n{}":
                self.over.wait(0.01)
                connection.sendall(bytes([sign]))

    with (
        Slow() as server,
        Transport(key=None, url=f"http://127.0.0.1:{server.port}", timeout=2.0) as line,
    ):
        assert line.get(URL, msgspec.json.decode) == {}


def test_headers_that_are_none_leave_no_traceback(caplog):
    """urllib3 would log one."""
    with (
        Saying(HEAD + b"no header at all\r\nContent-Length: 2\r\n\r\n{}") as server,
        Transport(key=None, url=f"http://127.0.0.1:{server.port}", attempts=1) as line,
    ):
        line.get(URL, lambda body: body)
    assert caplog.text == ""


# -- the same for StatBank and for the budget


def test_statbank_by_the_same_way(monkeypatch, certified, ca_file):
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with (
        StatBank() as behind,
        Tls(certified("localhost"), int(behind.url.split(":")[2].split("/")[0])) as server,
        Proxy(login=f"u:{SECRET}") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:{SECRET}@127.0.0.1:{proxy.port}")
        assert statbank.fetch(url=f"{server.url}/v1").startswith(b"HOMR;")


def test_statbank_says_what_stands_between(root, certified, openalex):
    """One line at once, with the command to run again."""
    vintage(root)
    with Tls(certified("localhost"), openalex) as server:
        said = line_of(root, "admissions", "fetch", COAUTH_STATBANK_URL=f"{server.url}/v1")
    assert said.startswith(
        "coauth: no connection to localhost of COAUTH_STATBANK_URL (its certificate is not trusted: "
    )
    assert said.endswith(
        "in SSL_CERT_FILE or REQUESTS_CA_BUNDLE; then run `coauth admissions fetch` again"
    )
    with Proxy(refusal=407) as proxy:
        said = line_of(
            root,
            "admissions",
            "fetch",
            COAUTH_STATBANK_URL="https://api.statbank.dk/v1",
            HTTPS_PROXY=f"http://u:{SECRET}@127.0.0.1:{proxy.port}",
        )
    assert said.startswith(
        "coauth: no connection to api.statbank.dk (the proxy does not accept the user and password"
    )
    assert "SSL_CERT_FILE names /none, and there is no such file" in line_of(
        root, "admissions", "fetch", COAUTH_STATBANK_URL=f"{server.url}/v1", SSL_CERT_FILE="/none"
    )


def test_a_header_of_statbank_that_drips():
    naps = []
    with (
        Saying(HEAD + b"X: ", b"x") as server,
        pytest.raises(
            SourceError, match=r"did not answer at COAUTH_STATBANK_URL \(no whole answer in time\)"
        ),
    ):
        statbank.fetch(url=f"http://127.0.0.1:{server.port}", timeout=0.05, sleep=naps.append)
    assert len(naps) == statbank.ATTEMPTS - 1


def test_status_says_in_words_why_the_budget_is_not_known(root, certified, openalex):
    with Tls(certified("localhost"), openalex) as server, Proxy(refusal=407) as proxy:
        for environment, said in (
            (
                {"COAUTH_OPENALEX_URL": server.url},
                "no connection to localhost of COAUTH_OPENALEX_URL (its certificate is not trusted",
            ),
            (
                {"HTTPS_PROXY": f"http://u:{SECRET}@127.0.0.1:{proxy.port}"},
                "no connection to api.openalex.org (the proxy does not accept the user",
            ),
            (
                {"SSL_CERT_FILE": "/none.pem"},
                "SSL_CERT_FILE names /none.pem, and there is no such file",
            ),
        ):
            done = CliRunner().invoke(cli.coauth, ["status", "--root", str(root)], env=environment)
            assert (done.exit_code, done.stderr) == (0, "")
            assert f"budget       not known: {said}" in done.stdout
            assert SECRET not in done.output


# -- what the page on proxies and certificates shows


def test_the_page_shows_what_is_printed(root, certified, openalex):
    """Each line of it, as printed; only the address of the proxy is one of an example."""
    shown = [line for line in PAGE.splitlines() if line.startswith("coauth: ")]
    with (
        Tls(certified("api.openalex.org"), openalex) as server,
        Proxy(behind=server.port) as opened,
        Proxy(login="u:x") as login,
    ):
        printed = [
            line_of(root, "harvest", HTTPS_PROXY=way.url).replace(
                f"127.0.0.1:{way.port}", "proxy.example:3128"
            )
            for way in (opened, login)
        ]
    assert printed == shown
    assert (
        f"{http.CONNECT + http.READ_TIMEOUT:g} seconds for all that comes before its body and {http.DEADLINE * http.READ_TIMEOUT:g} for that"
        in PAGE
    )
    words = (CHECKOUT / "coauth" / "sources" / "http" / "barriers.py").read_text("utf-8")
    named = [
        re.sub(r"^(… |its certificate |proxy: )|: 403 Forbidden$", "", part)
        for row in re.findall(r"^\| (`.*?) \|", PAGE, re.M)
        for part in re.findall(r"`(.*?)`", row)
    ]
    assert len(named) == 9
    assert [part for part in named if part not in words] == []

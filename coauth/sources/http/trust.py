"""Whose certificates are believed: those that a variable names, else certifi's and the system's
own.

requests reads REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE and knows no system store, OpenSSL reads
SSL_CERT_FILE and SSL_CERT_DIR. An organisation that opens TLS on the way out has its CA in one of
these places. Nothing turns checks off.
"""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from coauth.errors import SourceError

log = logging.getLogger(__name__)


def variables() -> dict[str, str]:
    """Variable -> path, of the variables that count: those of requests come first, as with every
    user of requests.
    """
    every = {name: os.path.expanduser(path) for name in _CHECKS if (path := os.environ.get(name))}
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if name in every:
            return {name: every[name]}
    return every


def context() -> ssl.SSLContext:
    """What a connection is checked by. Raises `SourceError` where a variable names nothing to check
    by.
    """
    paths = variables()
    for name, path in paths.items():
        if fault := _CHECKS[name](path):
            raise SourceError(
                f"{name} names {path}, {fault}; mend or unset {name}, and run the same command again"
            )
    if paths:
        places: dict[str, Any] = {_kind(name, path): path for name, path in paths.items()}
        return ssl.create_default_context(**places)
    public = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    try:
        public.load_default_certs()
    except (
        ssl.SSLError
    ) as broken:  # one in the store of Windows is enough, and it is not ours to mend
        log.warning("the system's store of certificates is not read to its end (%s)", broken)
    return public


def _kind(name: str, path: str) -> str:
    return "capath" if name == "SSL_CERT_DIR" or Path(path).is_dir() else "cafile"


def _of_file(path: str) -> str:
    """What is wrong with a file of certificates; empty where nothing is."""
    try:
        if not Path(path).exists():
            return "and there is no such file"
        if not Path(path).is_file():
            return "which is no file"
        ssl.create_default_context(cafile=path)
    except PermissionError:
        return "which may not be read"
    except ssl.SSLError:
        return "which holds no certificate as PEM text (it begins with -----BEGIN CERTIFICATE-----)"
    except OSError as broken:
        return f"which cannot be read ({broken.strerror})"
    return ""


def _of_folders(paths: str) -> str:
    """The same of folders as OpenSSL looks into them: for files named by a hash, such as
    5ed36f99.0.
    """
    try:
        if any(
            _hashed(file)
            for path in paths.split(os.pathsep)
            if path
            for file in Path(path).iterdir()
        ):
            return ""
    except FileNotFoundError:
        return "and there is no such folder"
    except NotADirectoryError:
        return "which is no folder"
    except PermissionError:
        return "which may not be read"
    return f"where no certificate lies under its hash (`openssl rehash {paths}` names them so)"


def _hashed(file: Path) -> bool:
    stem, _, number = file.name.partition(".")
    return (
        len(stem) == 8
        and number.isdecimal()
        and not set(stem) - set("0123456789abcdef")
        and not _of_file(str(file))
    )


def _of_either(path: str) -> str:
    return _of_folders(path) if Path(path).is_dir() else _of_file(path)


_CHECKS = {
    "REQUESTS_CA_BUNDLE": _of_either,
    "CURL_CA_BUNDLE": _of_either,
    "SSL_CERT_FILE": _of_file,
    "SSL_CERT_DIR": _of_folders,
}

"""Whether a folder on a host can be read over the web, asked with a file that holds no secret.

For release.py, before it sends the settings: an FTP login may land in the web folder itself.
"""

from __future__ import annotations

import contextlib
import posixpath
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from callback.phrase import Phrase
from callback.tools import web
from deploy.hosts import PUBLIC, TIMEOUT_S, Host, HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b"Whether anybody can read this folder: nothing else is in this file. "


def fault(host: Host, settings: dict[str, Any]) -> str:
    """Say what is wrong with the place where the settings are to be; nothing where it is hidden."""
    for folder in _folders(posixpath.dirname(settings["folder"])):
        there = host.at(folder)
        with contextlib.suppress(HostError):  # above the program nothing may be ours to write
            there.make_folder()
            if text := _fault(there, folder, settings["url"].rstrip("/")):
                return text
    return ""


def _folders(base: str) -> Iterator[str]:
    """From where the login lands down to what holds `callback` and `private`."""
    parts = base.strip("/").split("/") if not posixpath.isabs(base) else []
    for depth in range(len([*filter(None, parts)])):
        yield "/".join(parts[:depth]) or "."
    yield base or "."
    yield posixpath.join(base, "private")  # where a host has made it, and lets us write there alone


def _fault(there: Host, folder: str, url: str) -> str:
    name, content = f"probe-{secrets.token_hex(8)}.txt", CONTENT + secrets.token_hex(8).encode()
    try:
        there.put(name, content, PUBLIC)
        for path in _addresses(posixpath.join(folder, name)):
            status, body = web.get(f"{url}/{quote(path)}", TIMEOUT_S, follows=True)
            if not status:
                return _unreached(url, body.decode(errors="replace"))
            if content in body:
                return _public(there, folder, f"{url}/{path}", path)
    finally:
        with contextlib.suppress(HostError):
            there.remove(name)
    return ""


def _addresses(path: str) -> Iterator[str]:
    """The web folder may be any of the folders that the path goes through."""
    parts = posixpath.normpath(path).strip("/").split("/")
    for depth in reversed(range(len(parts))):
        yield "/".join(parts[depth:])


def _public(there: Host, folder: str, address: str, path: str) -> str:
    """Which folder to name instead: one beside the web folder that was found."""
    home = there.home()
    file = posixpath.normpath(posixpath.join(home, folder, posixpath.basename(path)))
    docroot = file.removesuffix(f"/{path}") or "/"
    told = Phrase(
        "{folder} on the host is a web folder: a test file in it was read at {address}, and so "
        "would the settings be. No settings were sent, the file is gone.",
        folder=docroot,
        address=address,
    )
    if docroot == "/":
        return told + Phrase(
            " This login sees nothing else: log in as the user whose home holds the web folder "
            "(the account's own; the panel lists FTP users), and write that user into deploy.toml"
        )
    return told + Phrase(
        " Write into deploy.toml: folder = {program!r} and, without Passenger, web = {docroot!r}",
        program=_named(posixpath.join(posixpath.dirname(docroot), "callback"), home),
        docroot=_named(docroot, home),
    )


def _named(path: str, home: str) -> str:
    """As deploy.toml has it, from where the login lands; whole where that is not above it."""
    below = posixpath.relpath(path, home or "/")
    return path if below.startswith(".") else below


def _unreached(url: str, why: str) -> str:
    return Phrase(
        "{url} is not reached: {why}: look at url in deploy.toml, the domain's address and "
        "its certificate. No settings were sent, for nobody could tell who can read them there",
        url=url,
        why=why,
    )

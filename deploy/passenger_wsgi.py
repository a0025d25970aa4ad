"""The application of the release in use: for Passenger itself, and behind every other entry.

Where things stand on a host; SITE is the account's home, or the site's folder in it:

    SITE/callback/                   nothing of it is public
        passenger_wsgi.py            this file; the other entries import it
        CURRENT, PREVIOUS            a line each: the name of a release
        releases/NAME/               callback/, sql/, wsgi.py, MANIFEST.sha256
        releases/NAME/vendor/        what requirements.txt asks for, all of it pure Python
        public/                      with Passenger the docroot: .htaccess and later/
        tmp/restart.txt              touched: Passenger takes the release of CURRENT; every other
                                     entry looks at CURRENT itself, once a second or every request
    SITE/public_html/                with other entries the docroot: .htaccess, pay.*, later/
    SITE/private/callback.toml       the settings, mode 600; CALLBACK_CONFIG may name another file

`flask front` makes the docroot. A release is switched by renaming a new CURRENT over the old one.
Without CURRENT the release is the folder of this file: an upload by hand.
"""

import os
import re
import sys

HOME = os.path.dirname(os.path.abspath(__file__))
SETTINGS = os.path.join(os.path.dirname(HOME), "private", "callback.toml")
# A name and never a path: nobody can point us out of releases/.
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
# Another interpreter than the panel's, for example "/home/u1234/.local/bin/python3.11": stock
# Passenger lets nobody choose one in .htaccess.
PYTHON = ""


def release() -> str:
    """Find the folder of the release in use: CURRENT's, or PREVIOUS's when that one is not whole.

    MANIFEST.sha256 is uploaded last: a folder without it never arrived.
    """
    if not os.path.exists(os.path.join(HOME, "CURRENT")):
        return HOME
    for pointer in ("CURRENT", "PREVIOUS"):
        folder = _named(pointer)
        if folder and os.path.exists(os.path.join(folder, "MANIFEST.sha256")):
            return folder
    sys.exit(f"{HOME}: neither CURRENT nor PREVIOUS names a release that arrived whole")


def is_current() -> bool:
    """Say whether this process still runs the release in use."""
    return release() == RELEASE


def _named(pointer: str) -> str:
    try:
        with open(os.path.join(HOME, pointer), encoding="ascii", errors="replace") as file:
            name = file.read(100).strip()
    except OSError:
        return ""
    return os.path.join(HOME, "releases", name) if NAME.fullmatch(name) else ""


if PYTHON and sys.executable != PYTHON:
    os.execl(PYTHON, PYTHON, *sys.argv)  # noqa: S606 - it is this program again

RELEASE = release()  # once: CURRENT may change at any moment
os.environ.setdefault("CALLBACK_CONFIG", SETTINGS)
sys.path[:0] = [RELEASE, os.path.join(RELEASE, "vendor")]

from wsgi import app as application  # noqa: E402 - from the release that was just found

__all__ = ["application"]

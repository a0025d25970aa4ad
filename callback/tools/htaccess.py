"""A web folder's .htaccess: which part is ours, which a panel's or the owner's, and what that does.

Ours stands between marks and is made anew with every deploy; the rest is kept below it, where our
rules have been asked already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.tools.finding import Finding
from callback.tools.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

# Both stand in deploy/htaccess; "callback-form" is somebody else's.
BEGIN, END = "# BEGIN callback", "# END callback"
OURS = re.compile(rf"^{BEGIN}(?!\S)(?:(?!^{BEGIN}(?!\S)).)*?^{END}(?!\S)[^\n]*\n?", re.M | re.S)
# As it was made before there were marks; what a panel has put between is known by its own.
OLD = re.compile(
    r"^# Made by `flask front.*(?:^</If>$|^ +AddHandler send-as-is \.asis\n</IfModule>$)\n?",
    re.M | re.S,
)
OF_THE_PANEL = re.compile(r"^#[^\n]*\bBEGIN\b.*?^#[^\n]*\bEND\b[^\n]*$", re.M | re.S)
# What a line of somebody else's does to us from below; rules of mod_rewrite never come so far.
DANGERS = (
    (
        r"RewriteEngine\s+off\b",
        Phrase("switches our rules off: no bank comes through, and every file here is public"),
    ),
    (r"RewriteBase\s+(?!/\s*$)", Phrase("sends our own addresses into another folder")),
    (r"ErrorDocument\b", Phrase('gives banks a page where they have to hear "ask again"')),
    (
        r"Redirect(?:Match|Permanent|Temp)?\b",
        Phrase("may send banks elsewhere: they do not follow"),
    ),
    (r"SetHandler\b", Phrase("may run our entry as something else")),
    (r"Options\s+(?:.*\s)?\+?Indexes\b", Phrase("shows what is in the folder")),
    (
        r"AuthType\b|Require\s+(?!all\s+granted)|Deny\s+from\b",
        Phrase("may keep banks out before the program is asked"),
    ),
    (
        r"Satisfy\s+any\b|Require\s+all\s+granted\b|Allow\s+from\s+all\b",
        Phrase("may open what another line closes"),
    ),
)


def merged(ours: str, theirs: str) -> str:
    """Our part as it is now, and below it all that is not ours of what stands there."""
    kept = foreign(theirs).strip("\n")
    return f"{ours}\n{kept}\n" if kept else ours


def foreign(text: str) -> str:
    """What is not ours in the file."""
    text = text.replace("\r\n", "\n")
    if OURS.search(text):
        return OURS.sub("", text)
    return OLD.sub(lambda old: "\n\n".join(OF_THE_PANEL.findall(old[0])), text)


def dangers(text: str) -> Iterator[str]:
    """Name the lines of others that undo ours, and say what they do."""
    for line in map(str.strip, foreign(text).splitlines()):
        for pattern, what in DANGERS:
            if re.match(pattern, line, re.I):
                yield Phrase(
                    "the line {line!r} of .htaccess in the web folder is not ours and {what}: take "
                    "it out, unless the host needs it",
                    line=line,
                    what=what,
                )


def examine(text: str) -> Iterator[Finding]:
    """For the doctor of a site."""
    for danger in dangers(text):
        yield Finding("fault", "web folder .htaccess", say(danger))

"""What libraries and the system say that a person may meet, as it is looked up in the catalog."""

from __future__ import annotations

import re

OF_TOML = (
    *("Invalid value", "Invalid statement", "Invalid date or datetime", "Invalid hex value"),
    *("Unterminated string", "Unclosed array", "Unclosed inline table"),
    *(
        "Cannot overwrite a value",
        "Cannot declare {what} twice",
        "Cannot redefine namespace {what}",
    ),
    *("Cannot mutate immutable namespace {what}", "Duplicate inline table key {what}"),
    *("Illegal character {what}", "Found invalid character {what}", "Unescaped '\\' in a string"),
    *(
        "Expected '=' after a key in a key/value pair",
        "Expected ']' at the end of a table declaration",
    ),
    *(
        "Expected ']]' at the end of an array declaration",
        "Invalid initial character for a key part",
    ),
    *("Expected newline or end of document after a statement", "Expected {what}"),
    "Escaped character is not a Unicode scalar value",
)
OF_THE_SYSTEM = (
    *("No such file or directory", "Permission denied", "Is a directory", "Not a directory"),
    *("File exists", "No space left on device", "Read-only file system", "File name too long"),
    *("Disk quota exceeded", "Input/output error", "Too many open files", "Connection refused"),
    *("Connection timed out", "Connection reset by peer", "Broken pipe", "No route to host"),
    *("Network is unreachable", "Name or service not known", "timed out"),
    *("Temporary failure in name resolution", "No address associated with hostname"),
)
OF_FILES = (
    "unable to open database file",
    "database is locked",
    "not a file, so nothing is written there",
    "unexpected end of data",
    "line contains NUL",
    "File is not a zip file",
    "new-line character seen in unquoted field",
)
SAID = (*OF_TOML, *OF_THE_SYSTEM, *OF_FILES)
_VALUE = re.compile(r"\\\{what\\\}")


def taken_apart(text: str) -> tuple[str, dict[str, str]]:
    """The form of a text that a library has made, and what stands in it; no form: not known."""
    for form in SAID:
        match = re.fullmatch(_VALUE.sub("(?P<what>.+)", re.escape(form)), text, re.DOTALL)
        if match:
            return form, match.groupdict()
    return "", {}

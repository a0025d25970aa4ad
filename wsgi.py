"""The program, for gunicorn, Passenger and the flask command.

`application` answers banks' calls without Flask, and imports it for anything else; `app` is the
Flask application, which answers the same calls alike.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from callback import Program
from callback.settings import SettingsError

if TYPE_CHECKING:
    from flask import Flask

try:
    application = Program()
except SettingsError as error:
    if sys.argv[1:2] == ["secret"]:  # the settings need one first
        from callback.tools.secret import secret

        secret(sys.argv[2:], prog_name="flask secret")
    print(error, file=sys.stderr)
    # gunicorn takes 3 for "do not try again"; any other status it would restart for ever.
    raise SystemExit(3) from None


def __getattr__(name: str) -> Flask:
    if name == "app":  # made when it is asked for
        return application.app
    raise AttributeError(name)

"""The application, for gunicorn, Passenger and the flask command."""

import sys

from callback import create_app
from callback.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    print(error, file=sys.stderr)
    # gunicorn takes 3 for "do not try again"; any other status it would restart for ever.
    raise SystemExit(3) from None

application = app  # the name that most hosts and gunicorn look for first

"""The entry of mod_wsgi. Stands in the docroot.

The application stands in the folder `callback` beside the docroot: passenger_wsgi.py there says
what else is where.
"""

import os
import signal
import sys

DOCROOT = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(DOCROOT), "callback"))

from passenger_wsgi import application as program  # noqa: E402 - found by the line above
from passenger_wsgi import is_current  # noqa: E402


def application(environ, start_response):
    """Answer, and end this process behind the last answer when there is another release."""
    if not is_current():
        os.kill(os.getpid(), signal.SIGUSR1)
    return program(environ, start_response)

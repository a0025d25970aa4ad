#!/usr/bin/python3
"""The entry of hosts that offer only CGI. Stands in the docroot, mode 755, with Unix line ends.

The application stands in the folder `callback` beside the docroot: passenger_wsgi.py there says
what else is where.
"""

import os
import sys

DOCROOT = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.path.dirname(DOCROOT), "callback")
if not os.path.exists(os.path.join(PROGRAM, "passenger_wsgi.py")):
    sys.exit(PROGRAM + " has no passenger_wsgi.py: callback must stand beside the web folder")
sys.path.insert(0, PROGRAM)

from passenger_wsgi import application  # noqa: E402 - found by the line above

from callback.entries import cgi  # noqa: E402 - from the release that the line above has found

cgi.serve(application)

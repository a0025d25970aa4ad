#!/usr/bin/python3
"""The entry of hosts with FastCGI. Stands in the docroot, mode 755, with Unix line ends.

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

from passenger_wsgi import application, is_current  # noqa: E402 - found by the line above

from callback.entries import fastcgi  # noqa: E402 - from the release that the line above has found

fastcgi.serve(application, is_current)
# There is another release: this process becomes its, and nobody in front notices.
os.execl(sys.executable, sys.executable, *sys.argv)  # noqa: S606 - it is this program again

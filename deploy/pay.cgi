#!/usr/bin/python3
"""The door of hosts that offer only CGI. Stands in the docroot, mode 755, with Unix line ends.

The application stands in the folder `callback` beside the docroot: passenger_wsgi.py there says
what else is where.
"""

import os
import sys
from wsgiref.handlers import CGIHandler

DOCROOT = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(DOCROOT), "callback"))

from passenger_wsgi import application  # noqa: E402 - found by the line above

handler = CGIHandler()
# A body without a length: the web server ends it, so all of it may be read.
handler.base_env["wsgi.input_terminated"] = "HTTP_TRANSFER_ENCODING" in os.environ
handler.run(application)

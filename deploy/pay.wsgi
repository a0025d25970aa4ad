"""The door of mod_wsgi. Stands in the docroot; touched, it takes the release of CURRENT.

The application stands in the folder `callback` beside the docroot: passenger_wsgi.py there says
what else is where.
"""

import os
import sys

DOCROOT = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(DOCROOT), "callback"))

from passenger_wsgi import application  # noqa: E402 - found by the line above

__all__ = ["application"]

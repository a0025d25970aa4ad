"""All waits and limits, with units and reasons.

docs/security.md, section 5, has them as tables; a test holds these, this module and the files of
deploy/ together.
"""

from __future__ import annotations

# A statement that a bank asks for is one answer: 20,000 payments take half a second and 50 MiB; ten
# times as many took a worker's whole time. A day's are far fewer.
STATEMENT_ROWS = 20_000

"""gunicorn's settings, with the reason of every number."""

import gc
import os
import signal
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

# A request waits for the database, not for the processor: twice the cores, one connection each.
workers = int(os.environ.get("WORKERS", 2 * (os.cpu_count() or 1)))
worker_class = "sync"
# Each wait is longer than the one inside it: statement 3 s < whole request 8 s (the shortest
# limit of our own) < worker 20 s < web server in front 25 s < the bank's own limit. The innermost
# gives up first, so the bank hears our answer and not a cut connection.
timeout = 20
graceful_timeout = 20
# A bank's GET: address, token and parameters. Longer ones are not a bank's.
limit_request_line = 8190
limit_request_fields = 50
# Some hosts forbid the socket that it would open below the home folder.
control_socket_disable = True
errorlog = "-"
accesslog = None  # the program writes a line for each request itself
# A warning is a stranger's request line, which may hold a bank's token.
loglevel = "error"

# passenger_wsgi.py says what this file is; without it (make run) there is nothing to switch.
CURRENT = Path("CURRENT")
LOOK_S = 1  # how soon a new release is noticed


def when_ready(_: Any) -> None:
    """Take a new release as soon as CURRENT names one: HUP replaces the workers, one by one."""
    if not CURRENT.exists():
        return
    running = CURRENT.read_bytes()

    def look(*_: object) -> None:
        nonlocal running
        named = CURRENT.read_bytes() if CURRENT.exists() else running
        if named != running:
            running = named
            os.kill(os.getpid(), signal.SIGHUP)

    # A timer and no thread: the master forks. It is not handed down to the workers.
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)


def post_worker_init(_: Any) -> None:
    """What is loaded now stays: the collector need not look at it again and again."""
    gc.freeze()


_default_headers = wsgi.Response.default_headers


def _headers_without_banner(response: wsgi.Response) -> list[str]:
    lines: list[str] = _default_headers(response)
    return [line for line in lines if not line.startswith("Server:")]


def _bare_error(sock: Any, status_int: int, reason: str, _: str) -> None:
    """Answer what is not HTTP without a page: some banks take one for a final refusal."""
    head = f"HTTP/1.1 {status_int} {reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    util.write_nonblock(sock, head.encode("latin1"))


wsgi.Response.default_headers = _headers_without_banner
util.write_error = _bare_error

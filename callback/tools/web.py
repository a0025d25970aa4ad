"""Asking a site of ours for something, with a pass in the address or a proof beside it."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the pass to whoever it names."""

    def redirect_request(self, *_: Any) -> None:
        return None


# A credential that proves nothing: only to see whether the web server lets one through.
SOME_BASIC = {"Authorization": "Basic ZG9jdG9yOnRlc3Q="}
_OPENER = urllib.request.build_opener(_NoRedirect)
_FOLLOWER = urllib.request.build_opener()


def get(
    url: str, timeout_s: float, headers: Mapping[str, str] | None = None, *, follows: bool = False
) -> tuple[int, bytes]:
    """Return status and body; 0 and the reason when there is no answer.

    A redirect is followed only where nothing in the address is a secret.
    """
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - http(s), see settings
    try:
        with (_FOLLOWER if follows else _OPENER).open(request, timeout=timeout_s) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError as error:
        return 0, str(getattr(error, "reason", error)).encode()

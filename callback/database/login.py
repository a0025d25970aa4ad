"""Logging in to MySQL without giving the password to whoever answers on the port.

Some logins want the password itself: `mysql_clear_password` and `dialog` always, MySQL 8's
`caching_sha2_password` as long as the server has no hash of it in its memory, which is so after
each of its starts. It gets it over a socket of this machine, or by TLS with an authority that we
know; and on this machine encrypted with a key of the server's, by the library cryptography.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

import pymysql
from pymysql.constants.CR import CR_AUTH_PLUGIN_ERR, CR_CONN_HOST_ERROR
from pymysql.cursors import DictCursor

from callback.database.driver import let_encrypt
from callback.database.limited import LimitedConnection

CACHING = "caching_sha2_password"
LIBRARY = "cryptography.hazmat.primitives.asymmetric.padding"
REMEDY = (
    "name unix_socket= or ssl_ca= in DATABASE (on this machine the library cryptography will do, "
    "too: requirements-optional.txt), or give the database user another login"
)
REFUSED = f"the server wants the password itself, which this link would give away: {REMEDY}"
COLD = (
    f"{CACHING} over a link that may not carry the password: after the server's next start it "
    f"will ask for it, and be refused; {REMEDY}"
)
# How a client asks for the key to encrypt a password with: caching_sha2_password, sha256_password.
KEY_REQUESTS = (b"\2", b"\1")


class Connection(LimitedConnection):
    """A connection of PyMySQL that keeps the password from links that anybody may listen on.

    `local` says that the server is on this machine; `login` is the server's name for the way in
    that it wanted, as soon as there is a connection.
    """

    def __init__(self, *, local: bool, unix_socket: str | None, **options: Any) -> None:
        self.login = ""
        self._local = local
        self._trusted = unix_socket is not None or "ssl_ca" in options
        super().__init__(unix_socket=unix_socket, cursorclass=DictCursor, **options)

    @property
    def can_log_in_again(self) -> bool:
        """False when the server's next start will lock us out."""
        if self.login != CACHING or self._trusted or not self.password:
            return True
        return self._local and _can_encrypt()

    def connect(self, sock: Any = None) -> None:
        """Connect and log in; MySQLError, whatever the server says."""
        try:
            super().connect(sock)
        except pymysql.MySQLError:
            raise
        except RuntimeError as error:  # PyMySQL misses a library
            text = f"the login {self.login} cannot be had ({error}): {REMEDY}"
            raise pymysql.OperationalError(CR_AUTH_PLUGIN_ERR, text) from error
        except Exception as error:  # it reads what it is told without looking
            text = (
                f"not understood ({type(error).__name__}: {error}): is it a MySQL server? If so, "
                "give the database user another login"
            )
            raise pymysql.OperationalError(CR_CONN_HOST_ERROR, text) from error

    def write_packet(self, payload: bytes) -> None:
        """Send one packet of a login, but neither the password nor what would unlock it."""
        if payload in KEY_REQUESTS:
            let_encrypt()
        if self.password and not self._trusted:
            asks_for_key = payload in KEY_REQUESTS and not self._local
            if asks_for_key or payload == self.password + b"\0":
                raise pymysql.OperationalError(CR_AUTH_PLUGIN_ERR, REFUSED)
        super().write_packet(payload)

    # PyMySQL has no other place to learn which login the server wants.

    def _get_server_information(self) -> None:
        super()._get_server_information()  # type: ignore[misc]
        self.login = self._auth_plugin_name  # type: ignore[attr-defined]
        # Over TLS this one's answer to the greeting is the password.
        if self.login == "sha256_password" and self.ssl and not self._trusted:
            raise pymysql.OperationalError(CR_AUTH_PLUGIN_ERR, REFUSED)

    def _process_auth(self, plugin_name: bytes, *rest: Any) -> Any:
        self.login = plugin_name.decode(errors="replace")
        return super()._process_auth(plugin_name, *rest)  # type: ignore[misc]


def _can_encrypt() -> bool:
    with suppress(ImportError):
        import_module(LIBRARY)
        return True
    return False

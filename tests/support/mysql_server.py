"""A server that speaks MySQL's protocol as far as a login goes, and asks for what a test says.

Debian has no MySQL, and MariaDB neither caching_sha2_password nor, without an account of the
system's, a login that wants a password in the clear. The packets are those of MySQL's documented
protocol: a head of three bytes of length and one of sequence, the greeting of version 10, the
switch to another login (0xfe) and more of a login (0x01).
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.processes import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

CACHING, CLEAR, DIALOG = "caching_sha2_password", "mysql_clear_password", "dialog"
SHA256, NATIVE = "sha256_password", "mysql_native_password"
CONNECT_WITH_DB, PROTOCOL_41, TLS, SECURE = 0x8, 0x200, 0x800, 0x8000
PLUGIN_AUTH, LENENC = 0x80000, 0x200000
SALT = bytes(range(65, 85))
GOOD = b"\0\0\0\2\0\0\0"  # OK, nothing changed, autocommit
REFUSED = b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied"
END = b"\xfe\0\0\2\0"
# One column, a DATETIME, and one row.
TIME = (
    b"\1",
    b"\3def\0\0\0\3now\0\x0c" + struct.pack("<HIBHB2x", 63, 23, 12, 0, 3),
    END,
    b"\x172026-11-03 09:15:00.000",
    END,
)
NO_TABLE = b"\xff" + struct.pack("<H", 1146) + b"#42S02no such table"


@dataclass
class LoginServer:
    """Listens on a port of its own and lets in who knows the password, in the way of `login`.

    `greeting` is the login that it names first, and from which it switches to `login`. `is_cold`:
    caching_sha2_password wants the password itself, as behind every start of a MySQL server.
    """

    login: str
    password: str
    greeting: str = CACHING
    is_cold: bool = True
    certificate: Path | None = None  # cert.pem, with key.pem beside it
    host: str = HOST
    heard: bytearray = field(default_factory=bytearray)  # all that clients said, decrypted
    refused: int = 0

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._doorman = threading.Thread(target=self._accept, daemon=True)
        self._doorman.start()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._doorman.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                _Conversation(self, link).start()


class _Conversation(threading.Thread):
    """One client."""

    def __init__(self, server: LoginServer, link: socket.socket) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._link = link
        self._sequence = 0

    def run(self) -> None:
        with suppress(OSError, EOFError):
            try:
                self._greet()
                if self._lets_in():
                    self._say(GOOD)
                    self._answer_queries()
                else:
                    self._server.refused += 1
                    self._say(REFUSED)
            finally:
                self._link.close()

    def _greet(self) -> None:
        flags = CONNECT_WITH_DB | PROTOCOL_41 | SECURE | PLUGIN_AUTH | LENENC
        if self._server.certificate:
            flags |= TLS
        self._say(
            b"\x0a8.4.0\0"
            + struct.pack("<I", 7)
            + SALT[:8]
            + b"\0"
            + struct.pack("<HBHHB10x", flags & 0xFFFF, 255, 2, flags >> 16, 21)
            + SALT[8:]
            + b"\0"
            + self._server.greeting.encode()
            + b"\0"
        )

    def _lets_in(self) -> bool:
        said = self._hear()
        if int.from_bytes(said[:4], "little") & TLS:
            said = self._over_tls()
        answer = self._scramble_of(said)
        if self._server.login != self._server.greeting:
            self._say(b"\xfe" + self._server.login.encode() + b"\0" + self._first_question())
            answer = self._hear()
        return self._is_right(answer)

    def _first_question(self) -> bytes:
        return b"\4Password: " if self._server.login == DIALOG else SALT + b"\0"

    def _is_right(self, answer: bytes) -> bool:
        password = self._server.password.encode()
        if self._server.login == CACHING:
            if self._server.is_cold:
                self._say(b"\1\4")
                return self._whole_password(self._hear()) == password
            self._say(b"\1\3")
            return answer == _caching_scramble(password)
        if self._server.login == NATIVE:
            return answer == _native_scramble(password)
        return answer.rstrip(b"\0") == password

    def _whole_password(self, said: bytes) -> bytes:
        """In the clear, or encrypted with our key when the client asks for that."""
        if said != b"\2":
            return said.rstrip(b"\0")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public = self._server.key.public_key()
        self._say(b"\1" + public.public_bytes(serialization.Encoding.PEM, form))
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        mixed = self._server.key.decrypt(self._hear(), oaep)
        clear = bytes(byte ^ SALT[place % 20] for place, byte in enumerate(mixed))
        return clear.rstrip(b"\0")

    def _over_tls(self) -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = self._server.certificate
        assert certificate is not None
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self._link = context.wrap_socket(self._link, server_side=True)
        return self._hear()

    def _scramble_of(self, said: bytes) -> bytes:
        """What stands behind the flags and the user's name, in front of the database's."""
        rest = said[32:].partition(b"\0")[2]
        return rest[1 : 1 + rest[0]]

    def _answer_queries(self) -> None:
        while True:
            query = self._hear()[1:]
            if query.startswith(b"SELECT UTC_TIMESTAMP"):
                for packet in TIME:
                    self._say(packet)
            else:
                self._say(NO_TABLE if query.lstrip().startswith((b"SELECT", b"INSERT")) else GOOD)

    def _hear(self) -> bytes:
        head = self._exactly(4)
        self._sequence = head[3] + 1
        said = self._exactly(int.from_bytes(head[:3], "little"))
        self._server.heard += said
        return said

    def _exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            piece = self._link.recv(count - len(received))
            if not piece:
                raise EOFError
            received += piece
        return received

    def _say(self, packet: bytes) -> None:
        head = len(packet).to_bytes(3, "little") + bytes([self._sequence])
        self._link.sendall(head + packet)
        self._sequence += 1


def _caching_scramble(password: bytes) -> bytes:
    once = hashlib.sha256(password).digest()
    twice = hashlib.sha256(once).digest()
    return _mixed(once, hashlib.sha256(twice + SALT).digest())


def _native_scramble(password: bytes) -> bytes:
    once = hashlib.sha1(password).digest()
    twice = hashlib.sha1(once).digest()
    return _mixed(once, hashlib.sha1(SALT + twice).digest())


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

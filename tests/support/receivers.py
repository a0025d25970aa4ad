"""Servers that take lists of bills: FTP with TLS, SFTP, mail, HTTPS; private, on loopback."""

from __future__ import annotations

import getpass
import os
import socket
import ssl
import subprocess
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.certificates import make_certificates
from tests.support.processes import HOST, Program, find, free_port, unpacked

if TYPE_CHECKING:
    from email.message import Message
    from types import TracebackType

    from typing_extensions import Self

PASSWORD = "pass@word"
QUOTED = "pass%40word"


class FTPS(Program):
    """vsftpd with TLS; a data link must continue the session of the commands, as banks want it."""

    def __init__(self, folder: Path, *, tls: bool = True, **options: object) -> None:
        self.port = free_port()
        self.inbox = folder / "root" / "inbox"
        scheme = "ftps" if tls else "ftp"
        self.url = f"{scheme}://anonymous:{QUOTED}@localhost:{self.port}/inbox/"
        self.inbox.mkdir(parents=True)
        self.inbox.parent.chmod(0o555)  # vsftpd wants the root itself read-only
        make_certificates(folder)
        (folder / "passwords").write_text(f"{PASSWORD}\n")
        settings = {
            "listen": "YES",
            "listen_address": HOST,
            "listen_port": self.port,
            "background": "NO",
            "run_as_launching_user": "YES",
            "anonymous_enable": "YES",
            "local_enable": "NO",
            "write_enable": "YES",
            "anon_upload_enable": "YES",
            "anon_other_write_enable": "YES",  # to rename
            "anon_root": self.inbox.parent,
            "secure_email_list_enable": "YES",
            "email_password_file": folder / "passwords",
            "ssl_enable": "YES" if tls else "NO",
            "allow_anon_ssl": "YES",
            "force_anon_logins_ssl": "YES",
            "force_anon_data_ssl": "YES",
            "require_ssl_reuse": "YES",
            "ssl_ciphers": "HIGH",
            "rsa_cert_file": folder / "cert.pem",
            "rsa_private_key_file": folder / "key.pem",
            "seccomp_sandbox": "NO",
            "isolate": "NO",
            "isolate_network": "NO",
            "connect_from_port_20": "NO",
            "xferlog_enable": "NO",
            **options,
        }
        file = folder / "vsftpd.conf"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        super().__init__([find("vsftpd"), str(file)], folder / "vsftpd.log")

    def probe(self) -> None:
        with socket.create_connection((HOST, self.port), 5) as link:
            if not link.recv(1):
                raise ConnectionError


class PureFTPd(Program):
    """pure-ftpd with TLS, for an account that lands in `home`; its package bars that of vsftpd, so
    it is unpacked and not installed.
    """

    def __init__(self, folder: Path, home: Path, account: str) -> None:
        self.port = free_port()
        make_certificates(folder)
        pair = folder / "pair.pem"
        pair.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
        users = folder / "users"
        tools = unpacked(folder, "pure-ftpd", "pure-ftpd-common")
        add = f"{tools}/bin/pure-pw useradd ops -u {account} -d {home} -f {users}"
        subprocess.run(
            add.split(), input=f"{PASSWORD}\n{PASSWORD}\n".encode(), capture_output=True, check=True
        )
        database = users.with_suffix(".pdb")
        make = f"{tools}/bin/pure-pw mkdb {database} -f {users}"
        subprocess.run(make.split(), check=True, capture_output=True)
        listen = ["-S", f"{HOST},{self.port}", "-l", f"puredb:{database}", "-u", "1", "-E", "-H"]
        tls = ["-Y", "3", "-2", str(pair)]  # 3: data, too
        command = [str(tools / "sbin/pure-ftpd"), *listen, *tls, "-U", "133:022"]
        super().__init__(command, folder / "pure-ftpd.log")

    def probe(self) -> None:
        with socket.create_connection((HOST, self.port), 5) as link:
            if not link.recv(1):
                raise ConnectionError


class SFTP(Program):
    """OpenSSH's server for the current user, who comes with a key of the folder or a subfolder."""

    def __init__(self, folder: Path, subfolder: str = "") -> None:
        self.port = free_port()
        self.inbox = folder / "in box"
        self.inbox.mkdir()
        keys = folder / subfolder
        keys.mkdir(exist_ok=True)
        for name in ("host", "id"):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
            subprocess.run(key, check=True)
        self.known_hosts = keys / "known_hosts"
        kind, key_text, *_ = (keys / "host.pub").read_text().split()
        self.known_hosts.write_text(f"[{HOST}]:{self.port} {kind} {key_text}\n")
        self.url = (
            f"sftp://{getpass.getuser()}@{HOST}:{self.port}{folder}/in%20box/"
            f"?key={keys}/id&known_hosts={self.known_hosts}".replace(" ", "%20")
        )
        file = folder / "sshd_config"
        file.write_text(
            f'ListenAddress {HOST}:{self.port}\nHostKey "{keys}/host"\nPidFile none\n'
            f'AuthorizedKeysFile "{keys}/id.pub"\nStrictModes no\nUsePAM no\n'
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
            "Subsystem sftp internal-sftp\n"
        )
        super().__init__([find("sshd"), "-D", "-e", "-f", str(file)], folder / "sshd.log")

    def start(self) -> None:
        if os.getuid() == 0:  # it wants this folder, which the system makes when it boots
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        super().start()

    def probe(self) -> None:
        with socket.create_connection((HOST, self.port), 5) as link:
            if not link.recv(1):
                raise ConnectionError


class Mailbox:
    """A mail server with TLS and a password, that keeps what it is sent."""

    def __init__(self, folder: Path, *, starttls: bool = False) -> None:
        make_certificates(folder)
        self.messages: list[Message] = []
        options: dict[str, Any] = (
            {"tls_context": _tls(folder), "require_starttls": True}
            if starttls
            # The whole link is in TLS, which it does not take for TLS.
            else {"ssl_context": _tls(folder), "auth_require_tls": False}
        )
        self._controller = Controller(
            self, hostname=HOST, port=free_port(), authenticator=self._authenticate, **options
        )
        scheme = "smtp" if starttls else "smtps"
        self.url = f"{scheme}://mailer:{QUOTED}@localhost:{self._controller.port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message of somebody who has shown the password."""
        if not session.authenticated:
            return "530 who are you?"
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def _authenticate(self, *given: Any) -> AuthResult:
        *_, login = given
        right = login == LoginPassword(b"mailer", PASSWORD.encode())
        return AuthResult(success=right, handled=False)


class HTTPS:
    """A web server that takes files by PUT, with TLS and a password."""

    def __init__(self, folder: Path, status: int = 201) -> None:
        make_certificates(folder)
        self.files: dict[str, bytes] = {}
        files = self.files

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                right = self.headers["Authorization"] == "Basic YmFuazpwYXNzQHdvcmQ="
                if right and status < 300:
                    files[self.path] = body
                self.send_response(status if right else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.socket = _tls(folder).wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"https://bank:{QUOTED}@localhost:{self._server.server_port}/in/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _tls(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context

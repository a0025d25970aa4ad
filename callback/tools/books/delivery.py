"""Delivering a list of bills: to a folder, by FTP, SFTP, HTTPS or mail, or held for the bank.

registers.md, section 2, "Delivery". A file gets its name only when all of it is there, so the bank
never reads half a list. What was delivered has a sibling `<name>.sent` and is not sent again.
"""

from __future__ import annotations

import base64
import ftplib
import http.client
import os
import re
import shutil
import smtplib
import ssl
import subprocess
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote

from callback.limits import DELIVERY_S, SFTP_S
from callback.locks import lock
from callback.phrase import Phrase
from callback.tools import output
from callback.tools.books import bills
from callback.tools.digest import sha256

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from callback.bank import Bank
    from callback.layouts import Target

PART = ".part"
OCTETS = "application/octet-stream"
# A line of `ls -ln`: rights, links, owner, group, size …
LISTED = re.compile(r"^-\S+\s+\S+\s+\S+\s+\S+\s+([0-9]+)\s", re.MULTILINE)


class DeliveryError(Exception):
    """The list has not arrived; the text says why."""


class Sender(Protocol):
    """Whoever has a mail server, where one is wanted."""

    @property
    def smtp(self) -> Target | None: ...
    @property
    def mail_from(self) -> str: ...


class Attachment(NamedTuple):
    """A file of a mail."""

    name: str
    content: bytes
    kind: str = OCTETS


def deliver(bank: Bank, file: Path) -> None:
    """Bring a list to the bank and note that it was sent; DeliveryError."""
    if bank.send is None:
        raise DeliveryError(Phrase("nowhere to send it"))
    carry(bank, bank.send, file)
    note(file, bank.send, bills.today(bank))


def carry(sender: Sender, target: Target, file: Path) -> None:
    """Bring a file to where it is to go; DeliveryError."""
    try:
        if target.scheme == "mailto":
            _by_mail(sender, target, file)
        else:
            CARRIERS[target.scheme](target, file)
    except (
        OSError,
        EOFError,
        ftplib.Error,
        smtplib.SMTPException,
        http.client.HTTPException,
    ) as error:
        raise DeliveryError(
            Phrase(
                "{where!r}: {why}", where=target, why=error if str(error) else type(error).__name__
            )
        ) from error


def note(file: Path, target: Target, now: datetime) -> None:
    """Note that a file was sent."""
    text = f"{now:%Y-%m-%d %H:%M:%S} {sha256(file)} {target!r}\n"
    with output.new_file(_sent(file)) as out:
        out.write(text.encode())


def waiting(files: list[Path]) -> list[Path]:
    """The lists that were not delivered yet, as they are now."""
    return [file for file in files if not _is_sent(file)]


def sent_on(file: Path) -> str:
    """When a list was delivered; empty: it was not."""
    try:
        return _sent(file).read_text(encoding="utf-8")[:19]
    except FileNotFoundError:
        return ""


@contextmanager
def exclusively(folder: Path) -> Iterator[None]:
    """Let one run at a time deliver from a folder; DeliveryError for the second."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            lock(file.fileno(), wait=False)
        except OSError:
            raise DeliveryError(
                Phrase("another run is delivering from {folder}", folder=folder)
            ) from None
        yield


def mail(bank: Sender, to: str, subject: str, text: str, *attachments: Attachment) -> None:
    """Send a mail by the bank's mail server; DeliveryError."""
    if bank.smtp is None:
        raise DeliveryError(Phrase("there is no smtp in its settings to send mail by"))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = bank.mail_from, to, subject
    # Not every server adds what is missing, and filters of the other end count it against a mail.
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(bank.mail_from)[1].partition("@")[2])
    message.set_content(text)
    for name, content, kind in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    try:
        with _mail_server(bank.smtp) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(Phrase("{where!r}: {why}", where=bank.smtp, why=error)) from error


def _sent(file: Path) -> Path:
    return file.with_name(f"{file.name}.sent")


def _is_sent(file: Path) -> bool:
    """Whether it was delivered, and not written anew since: a name may say only the day."""
    note = _sent(file)
    if not note.exists():
        return False
    written_anew = file.stat().st_mtime_ns > note.stat().st_mtime_ns
    return not written_anew or sha256(file) in note.read_text(encoding="utf-8")


def _to_folder(target: Target, file: Path) -> None:
    place = Path(target.path) / file.name
    part = place.with_name(f"{file.name}{PART}")
    shutil.copyfile(file, part)
    _compare(part.stat().st_size, file)
    os.replace(part, place)


def _by_ftp(target: Target, file: Path) -> None:
    part = f"{file.name}{PART}"
    with _ftp(target) as ftp:
        if folder := target.path.removeprefix("/").rstrip("/"):
            ftp.cwd(folder)
        with file.open("rb") as content:
            ftp.storbinary(f"STOR {part}", content)
        ftp.voidcmd("TYPE I")  # some servers tell no size in text mode
        _compare(ftp.size(part), file)
        ftp.rename(part, file.name)


def _ftp(target: Target) -> ftplib.FTP:
    secure = target.scheme == "ftps"
    # Some banks have nothing but plain FTP.
    ftp = _FTPS(context=ssl.create_default_context()) if secure else ftplib.FTP()  # noqa: S321
    ftp.encoding = "utf-8"
    ftp.connect(target.host, target.port or 21, timeout=DELIVERY_S)
    ftp.login(target.user, target.password)
    if isinstance(ftp, ftplib.FTP_TLS):
        ftp.prot_p()
    return ftp


class _FTPS(ftplib.FTP_TLS):
    """Many servers want the data on the same TLS session as the commands; ftplib does not."""

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        link, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - made secure here
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        secure = self.context.wrap_socket(link, server_hostname=self.host, session=session)
        return secure, size


def _by_sftp(target: Target, file: Path) -> None:
    folder = target.path.removeprefix("/~/")
    part, name = (_quoted(f"{folder}{file.name}{end}") for end in (PART, ""))
    listed = _sftp(target, f"put {_quoted(str(file))} {part}\nls -ln {part}\n")
    size = LISTED.search(listed)
    _compare(int(size[1]) if size else None, file)
    _sftp(target, f"rename {part} {name}\n")


def _sftp(target: Target, batch: str) -> str:
    """Run the host's sftp; it asks nothing, and knows the server's key or refuses it."""
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it goes through a shell
            _sftp_command(target),
            input=batch,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SFTP_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeliveryError(
            Phrase(
                "{target!r}: no end after {seconds} s",
                target=target,
                seconds=SFTP_S,
            )
        ) from None
    if done.returncode:
        # A key that is not the known one has a page; what it comes to stands last.
        why = " ".join(" ".join(done.stderr.splitlines()[-3:]).split()) or Phrase(
            "sftp ended with {returncode}", returncode=done.returncode
        )
        raise DeliveryError(Phrase("{where!r}: {why}", where=target, why=why))
    return done.stdout


def _sftp_command(target: Target) -> list[str]:
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"ConnectTimeout={DELIVERY_S}"]
    options += ["LogLevel=ERROR"]  # with -q ssh would not say why it has ended
    if "key" in target.options:
        options += [f'IdentityFile="{target.options["key"]}"', "IdentitiesOnly=yes"]
    if "known_hosts" in target.options:
        options += [f'UserKnownHostsFile="{target.options["known_hosts"]}"']
    command = ["sftp", "-b", "-", *(f"-o{option}" for option in options)]
    command += ["-P", str(target.port or 22), "--"]
    return [*command, f"{target.user}@{target.host}" if target.user else target.host]


def _quoted(path: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", path) + '"'


def _by_https(target: Target, file: Path) -> None:
    link = http.client.HTTPSConnection(
        target.host, target.port, timeout=DELIVERY_S, context=ssl.create_default_context()
    )
    headers = {"Content-Type": OCTETS, "Content-Length": str(file.stat().st_size)}
    if target.user:
        pair = base64.b64encode(f"{target.user}:{target.password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    try:
        with file.open("rb") as content:
            link.request("PUT", quote(target.path + file.name), content, headers)
        status = link.getresponse().status
    finally:
        link.close()
    if status not in (200, 201, 202, 204):
        raise DeliveryError(
            Phrase("{target!r}: the server answers {status}", target=target, status=status)
        )


def _by_mail(bank: Sender, target: Target, file: Path) -> None:
    mail(bank, target.path, file.name, file.name, Attachment(file.name, file.read_bytes()))


def _mail_server(target: Target) -> smtplib.SMTP:
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if target.scheme == "smtps":
        server = smtplib.SMTP_SSL(
            target.host, target.port or 465, timeout=DELIVERY_S, context=context
        )
    else:
        server = smtplib.SMTP(target.host, target.port or 25, timeout=DELIVERY_S)
    with _closed_on_error(server):
        server.ehlo_or_helo_if_needed()
        if target.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
        elif target.scheme == "smtp" and target.user:
            raise smtplib.SMTPException(
                Phrase("no TLS there, so no password is sent: expected smtps")
            )
        if target.user:
            server.login(target.user, target.password)
    return server


@contextmanager
def _closed_on_error(server: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            server.close()
        raise


def _hold(target: Target, file: Path) -> None:
    """Nothing to do: the bank comes for it."""


def _compare(size: int | None, file: Path) -> None:
    if size != file.stat().st_size:
        raise DeliveryError(
            Phrase(
                "{name}: {size} bytes arrived of {st_size}",
                name=file.name,
                size=size,
                st_size=file.stat().st_size,
            )
        )


CARRIERS: dict[str, Callable[[Target, Path], None]] = {
    "folder": _to_folder,
    "ftp": _by_ftp,
    "ftps": _by_ftp,
    "sftp": _by_sftp,
    "https": _by_https,
    "held": _hold,
}

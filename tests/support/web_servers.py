"""Real web servers in front of the program, each with a configuration of its own.

A `Site` is what stands on a host (deploy/passenger_wsgi.py says where). `Apache` is a shared host
with four entries, `Nginx` with `Gunicorn` a machine of one's own. All listen on loopback.
"""

from __future__ import annotations

import copy
import getpass
import grp
import hashlib
import importlib.metadata
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.certificates import make_certificates
from tests.support.processes import (
    HOST,
    ROOT,
    STOP_SECONDS,
    Client,
    Program,
    Reply,
    find,
    free_port,
    write_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

MODULES = Path("/usr/lib/apache2/modules")
SUEXEC_ROOT = Path("/var/www")  # Debian's suexec runs nothing that stands elsewhere
SUEXEC_LOGS = Path("/var/log/apache2")  # and nothing when it cannot write its log there
OURS = "made-for-tests"  # the folder of the logs: goes with the last site
PREFIX = "callback-"
PASSENGER_ROOT = Path("/usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini")
MODULE_NAMES = (
    *("mpm_event", "authz_core", "authz_host", "mime", "alias", "dir", "env", "setenvif"),
    *("headers", "rewrite", "ssl", "socache_shmcb", "reqtimeout", "cgid", "suexec", "fcgid"),
    *("wsgi", "passenger"),
)
SHARED = ("passenger", "cgi", "fcgi", "wsgi")
ENTRIES = (*SHARED, "nginx")
NEED_ROOT = ("cgi", "fcgi")  # they run under suEXEC
IS_ROOT = os.geteuid() == 0
NEEDS_ROOT = "suEXEC starts only from root: run the tests of the entries as root, in a container"


def release(folder: Path) -> None:
    """Put together what is uploaded: the program, and in vendor/ all it needs, pure Python."""
    for name in ("callback", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "wsgi.py", folder / "wsgi.py")
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)==", line):
            with suppress(importlib.metadata.PackageNotFoundError):  # only for older Pythons
                _vendor(importlib.metadata.distribution(match[1]), folder / "vendor")
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    (folder / "MANIFEST.sha256").write_text("".join(sums))


def _vendor(package: importlib.metadata.Distribution, vendor: Path) -> None:
    for file in package.files or ():
        if ".." not in file.parts and file.suffix not in (".so", ".pyc"):
            target = vendor / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


class Site:
    """A hosting account in a temporary folder: program, settings, a docroot for every entry."""

    def __init__(self, settings_toml: str) -> None:
        self._settings_toml = settings_toml
        self.user = "nobody" if IS_ROOT else getpass.getuser()
        self.group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        self.folder = Path()

    def __enter__(self) -> Self:
        parent = SUEXEC_ROOT if IS_ROOT else None
        if parent:
            parent.mkdir(exist_ok=True)
            if not SUEXEC_LOGS.exists():
                SUEXEC_LOGS.mkdir()
                (SUEXEC_LOGS / OURS).touch()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:  # a web server's own children may outlive it, and write
            with suppress(OSError):
                shutil.rmtree(self.folder)
                break
            time.sleep(0.1)
        else:
            shutil.rmtree(self.folder)
        if (SUEXEC_LOGS / OURS).exists() and not any(SUEXEC_ROOT.glob(f"{PREFIX}*")):
            shutil.rmtree(SUEXEC_LOGS)

    @property
    def home(self) -> Path:
        """Where the entry, the pointers and the releases stand."""
        return self.folder / "callback"

    @property
    def settings(self) -> Path:
        return self.folder / "private" / "callback.toml"

    @property
    def settings_behind_proxy(self) -> Path:
        return self.folder / "private" / "config.toml"

    def docroot(self, entry: str) -> Path:
        return self.home / "public" if entry == "passenger" else self.folder / entry

    def point(self, name: str, pointer: str = "CURRENT") -> None:
        """Switch to a release, by one rename."""
        new = self.home / f"{pointer}.new"
        new.write_text(name + "\n")
        new.replace(self.home / pointer)

    def room(self) -> Path:
        """A new folder for a web server's own files, where the account may pass too."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        return folder

    def own(self) -> None:
        """Give all of it to the account."""
        if IS_ROOT:
            folders = [self.home, self.settings.parent, *map(self.docroot, ENTRIES)]
            subprocess.run(["chown", "-R", f"{self.user}:{self.group}", *folders], check=True)

    def _fill(self) -> None:
        self.folder.chmod(0o755)
        release(self.home / "releases" / "r1")
        self._another_release("r2")
        self.point("r1")
        for name in ("passenger_wsgi.py", "gunicorn.conf.py"):
            shutil.copyfile(ROOT / "deploy" / name, self.home / name)
        self.settings.parent.mkdir(mode=0o700)
        write_settings(self._settings_toml, self.settings.parent).rename(self.settings)
        write_settings(f"TRUSTED_PROXIES = 1\n{self._settings_toml}", self.settings.parent)
        for entry in ENTRIES:
            front(self.settings, entry, self.docroot(entry))
        make_certificates(self.folder)
        self.own()

    def _another_release(self, name: str) -> None:
        """The same program, which says its name when it says OK."""
        folder = self.home / "releases" / name
        shutil.copytree(self.home / "releases" / "r1", folder)
        messages = folder / "callback" / "messages.py"
        text = messages.read_text()
        messages.write_text(text.replace('"ok": ("OK",', f'"ok": ("OK of {name}",'))


def front(settings: Path, entry: str, folder: Path) -> None:
    """Have the program write what the web server needs."""
    subprocess.run(
        [sys.executable, "-m", "flask", "front", entry, "-o", folder],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(settings)},
        check=True,
        capture_output=True,
    )


class Entry(Client):
    """A way into a site: over TLS, or plain; from any address of this machine."""

    def __init__(self, name: str, ca: Path) -> None:
        self.name = name
        self.port = free_port()
        self.plain_port = free_port()
        self.tls = True
        self.source = HOST
        self._ca = ca

    def by(self, *, tls: bool = True, source: str = HOST) -> Self:
        """The same entry, approached in another way."""
        other = copy.copy(self)
        other.tls, other.source = tls, source
        return other

    def call(
        self,
        path: str | bytes,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> Reply:
        fields = {"Host": "localhost", **(headers or {})}
        return super().call(path, method, body, fields, timeout=timeout)

    def raw(self, request: bytes, *, timeout: float = 10) -> bytes:
        """Send a hand-made request and return the answer: TLS knows no link that is half closed."""
        received = b""
        with self._connect(timeout) as link, suppress(OSError):
            with suppress(OSError):  # it may answer, and leave, before all of it is there
                link.sendall(request)
            while not _is_whole(received) and (piece := link.recv(65536)):
                received += piece
        return received

    def cut(self, request: bytes, *, timeout: float = 10) -> None:
        """Send a part of a request, and be gone."""
        with self._connect(timeout) as link:
            link.sendall(request)

    def _connect(self, timeout: float) -> socket.socket:
        port = self.port if self.tls else self.plain_port
        link = socket.create_connection((HOST, port), timeout, (self.source, 0))
        if not self.tls:
            return link
        context = ssl.create_default_context(cafile=self._ca)
        return context.wrap_socket(link, server_hostname="localhost")


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: (\d+)", head, re.M)
    return bool(end and length and len(body) >= int(length[1]))


def _doors(site: Site, names: Sequence[str]) -> dict[str, Entry]:
    return {name: Entry(name, site.folder / "ca.pem") for name in names}


class Apache(Program):
    """A shared host: all that it lets its customers change is .htaccess, except for mod_wsgi.

    `extra` are directives of the whole server, `without` modules that the host does not have,
    `changes` are to the text of deploy/apache.conf, `names` those of the entries.
    """

    def __init__(
        self,
        site: Site,
        *,
        extra: str = "",
        without: Sequence[str] = (),
        changes: Mapping[str, str] | None = None,
        names: Sequence[str] = SHARED,
    ) -> None:
        self.site = site
        self.entries = _doors(site, names)
        self._folder = folder = site.room()
        self._extra = extra
        self._changes = changes or {}
        self._modules = [name for name in (*MODULE_NAMES, "asis") if name not in without]
        command = [find("apache2"), "-d", str(folder), "-f", "apache.conf", "-DFOREGROUND"]
        super().__init__(command, folder / "apache.log", stdin=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        for name in ("run", "sockets"):
            (self._folder / name).mkdir()
        if IS_ROOT:
            shutil.chown(self._folder / "sockets", "www-data", "www-data")
        (self._folder / "apache.conf").write_text(self._configuration())
        return super().__enter__()

    def stop(self) -> None:
        """Also wait for Passenger's own programs, which end behind Apache."""
        super().stop()
        deadline = time.monotonic() + STOP_SECONDS
        while any(self._folder.glob("run/passenger.*")) and time.monotonic() < deadline:
            time.sleep(0.05)

    def probe(self) -> None:
        for entry in self.entries.values():
            entry.call("/", timeout=5)

    def _configuration(self) -> str:
        lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in self._modules]
        if IS_ROOT:
            lines.append("User www-data\nGroup www-data")
        for entry in self.entries.values():
            lines += [f"Listen {HOST}:{entry.port}", f"Listen {HOST}:{entry.plain_port}"]
        return "\n".join([*lines, self._common(), *map(self._hosts, self.entries)]) + "\n"

    def _common(self) -> str:
        return f"""
ServerName localhost
TypesConfig /dev/null
PidFile run/pid
Mutex file:{self._folder}/run
ErrorLog {self._folder}/error.log
# As Debian and cPanel have it: Apache answers TRACE before it looks at any .htaccess.
TraceEnable off
ServerTokens Prod
# What CGI and FastCGI need of a host.
ScriptSock {self._folder}/sockets/cgid
FcgidIPCDir {self._folder}/sockets
FcgidProcessTableFile {self._folder}/run/fcgid
FcgidMaxProcesses 4
WSGISocketPrefix {self._folder}/sockets/wsgi
# Passenger's own parts.
PassengerRoot {PASSENGER_ROOT}
PassengerInstanceRegistryDir {self._folder}/run
PassengerLogFile {self._folder}/passenger.log
PassengerDisableSecurityUpdateCheck on
PassengerDisableAnonymousTelemetry on
PassengerPython /usr/bin/python3
PassengerMaxPoolSize 2
PassengerEnabled off
<Directory />
    AllowOverride None
    Require all denied
</Directory>
{self._extra}
"""

    def _hosts(self, name: str) -> str:
        entry = self.entries[name]
        docroot = self.site.docroot(name)
        suexec = IS_ROOT and name in ("cgi", "fcgi")
        run_as = f"SuexecUserGroup {self.site.user} {self.site.group}" if suexec else ""
        shared = f"""
    DocumentRoot {docroot}
    {run_as}
    <Directory {docroot}>
        AllowOverride FileInfo
        Options ExecCGI SymLinksIfOwnerMatch
        Require all granted
    </Directory>
"""
        plain = f"<VirtualHost {HOST}:{entry.plain_port}>{shared}</VirtualHost>\n"
        if name == "wsgi":
            return plain + self._own_host(entry)
        return f"""{plain}
<VirtualHost {HOST}:{entry.port}>
    SSLEngine on
    SSLCertificateFile {self.site.folder}/cert.pem
    SSLCertificateKeyFile {self.site.folder}/key.pem
    {shared}
</VirtualHost>
"""

    def _own_host(self, entry: Entry) -> str:
        """deploy/apache.conf, as it is handed out."""
        folder = self.site.folder
        return replaced(
            ROOT / "deploy" / "apache.conf",
            {
                "*:443": f"{HOST}:{entry.port}",
                "pay.example.kz\n    SSLEngine": "localhost\n    SSLEngine",
                "/etc/letsencrypt/live/pay.example.kz/fullchain.pem": f"{folder}/cert.pem",
                "/etc/letsencrypt/live/pay.example.kz/privkey.pem": f"{folder}/key.pem",
                "user=callback group=callback": f"user={self.site.user} group={self.site.group}",
                "/srv/pay/public_html": str(self.site.docroot("wsgi")),
                "/srv/pay/callback": str(self.site.home),
                "${APACHE_LOG_DIR}/callback.log": f"{self._folder}/wsgi.log",
                "${APACHE_LOG_DIR}/callback-refused.log": f"{self._folder}/refused.log",
                **self._changes,
            },
        )


def replaced(path: Path, values: Mapping[str, str]) -> str:
    """Read a file of deploy/ with other places in it; each must be there."""
    text = path.read_text()
    for old, new in values.items():
        if old not in text:
            raise RuntimeError(f"{path.name} has no {old} any more")
        text = text.replace(old, new)
    return text


class Gunicorn(Program):
    """What deploy/callback.service starts."""

    def __init__(self, site: Site, *options: str) -> None:
        folder = site.room()
        self.socket = folder / "gunicorn.sock"
        unit = (ROOT / "deploy" / "callback.service").read_text()
        started = re.search("^ExecStart=(.*)$", unit, re.M)
        if started is None:
            raise RuntimeError("callback.service starts nothing")
        program, *arguments = started[1].split()
        arguments[arguments.index("unix:/run/callback/gunicorn.sock")] = f"unix:{self.socket}"
        if Path(program).name != "gunicorn":
            raise RuntimeError(f"callback.service starts {program}")
        command = [sys.executable, "-m", "gunicorn", *arguments[:-1], *options, arguments[-1]]
        environment = os.environ | {"CALLBACK_CONFIG": str(site.settings_behind_proxy)}
        super().__init__(command, folder / "gunicorn.log", cwd=site.home, env=environment)

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers, as they are now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def probe(self) -> None:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.socket))
            link.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if not link.recv(1):
                raise ConnectionError


class Nginx(Program):
    """deploy/nginx.conf, as it is handed out, in front of a gunicorn; `changes` are to its text.

    `conf` may be one of an older release.
    """

    def __init__(
        self,
        site: Site,
        gunicorn: Path,
        changes: Mapping[str, str] | None = None,
        conf: Path = ROOT / "deploy" / "nginx.conf",
    ) -> None:
        self.entry = _doors(site, ["nginx"])["nginx"]
        self._site = site
        self.folder = folder = site.room()
        self._gunicorn = gunicorn
        self._changes = changes or {}
        self._conf = conf
        command = [find("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
        super().__init__(command, folder / "nginx.log")

    def __enter__(self) -> Self:
        (self.folder / "nginx.conf").write_text(self._configuration())
        for made in self._site.docroot("nginx").glob("*.conf"):
            shutil.copyfile(made, self.folder / made.name)
        return super().__enter__()

    def probe(self) -> None:
        self.entry.call("/", timeout=5)

    def _configuration(self) -> str:
        folder = self._site.folder
        site = replaced(
            self._conf,
            {
                "/etc/letsencrypt/live/pay.example.kz/fullchain.pem": f"{folder}/cert.pem",
                "/etc/letsencrypt/live/pay.example.kz/privkey.pem": f"{folder}/key.pem",
                "pay.example.kz": "localhost",
                "listen 443": f"listen {HOST}:{self.entry.port}",
                "listen 80": f"listen {HOST}:{self.entry.plain_port}",
                "/run/callback/gunicorn.sock": str(self._gunicorn),
                "/var/log/nginx/callback": f"{self.folder}/callback",
                **self._changes,
            },
        )
        # One process, and temporary folders of its own.
        temporary = "".join(
            f"{kind}_temp_path {kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off;\nmaster_process off;\npid pid;\nevents {{}}\n"
            f"http {{\n{temporary}\naccess_log off;\n{site}\n}}\n"
        )

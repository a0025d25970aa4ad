"""flask front: what the web server says while the program cannot, made from the settings.

Many banks take an HTML error page for a final refusal, so every bank gets its own "ask again", or
the bare 503 that its sheet names, also when no process of ours is left to say it.
"""

from __future__ import annotations

import re
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from callback.limits import MAX_LIST
from callback.paths import DEPLOY
from callback.protocols import PROTOCOLS, unavailable_answer
from callback.settings import EXCHANGE, OPS_ADDRESSES
from callback.signature import CHALLENGE
from callback.tools.output import unix_lines
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flask import Flask

    from callback.bank import Bank, Settings
    from callback.wire import Answer

# Every entry of Apache: the name that its script has in addresses, and how it is told of it.
AUTHORIZATION = """\
# Apache hides the header from programs of this kind.
SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1"""
ENTRIES: Mapping[str, tuple[str, str]] = {
    "passenger": (
        "",
        "PassengerEnabled on\n# Passenger's banner.\nHeader always unset X-Powered-By",
    ),
    "cgi": ("pay.cgi", AUTHORIZATION),
    "fcgi": ("pay.fcgi", f"AddHandler fcgid-script .fcgi\n{AUTHORIZATION}"),
    "wsgi": ("pay.wsgi", "AddHandler wsgi-script .wsgi"),
}
# Apache takes no empty text, but an empty file.
NOTHING = "later/nothing"
# What a web server refuses by itself; 401 is the program's own, see PASSENGER.
REFUSALS = (
    *(400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 416, 417, 421, 429, 431, 451, 501, 505),
)
# The program is stopped, has crashed, takes too long or is over its limits; 508 is CloudLinux's.
FAILURES = (500, 502, 503, 504, 508)
BARE = (*REFUSALS, *FAILURES)
# nginx has no 508; 494 to 497 are its own names for kinds of 400.
NGINX_REFUSALS = (*REFUSALS, 494, 495, 496, 497)
NGINX_FAILURES = (500, 502, 503, 504)
# How nginx calls the program, by the end of the file's name: deploy/nginx.conf by FastCGI; by HTTP
# whoever began before that, or has gunicorn on a port.
NGINX_CALLS = {"": "proxy_pass http://callback;", "-fastcgi": "fastcgi_pass callback;"}
INSIDE = """\
RewriteCond %{{ENV:REDIRECT_STATUS}} ^200
RewriteRule ^{}/ - [L]"""
# What a program behind Passenger never comes to see.
WRITTEN = r"""
# Apache takes // for /; a bank's address has none.
RewriteCond %{THE_REQUEST} ^\S+\s[^?\s]*//
RewriteRule ^ - [R=404,L]
# Passenger wants every byte encoded; some banks send a payer's name as it is.
RewriteCond %{QUERY_STRING} ^([\x01-\x7f]*)([^\x01-\x7f]+)(.*)$
RewriteRule ^(.*)$ - [E=ADDRESS:$1,E=BEFORE:%1,E=BEHIND:%3]
RewriteCond %{QUERY_STRING} ([^\x01-\x7f]+)
RewriteRule ^ %{ENV:ADDRESS}?%{ENV:BEFORE}%1%{ENV:BEHIND} [B,DPI,NE,N]""".strip()
# The office sends lists: nginx takes them in, and hands them on at once.
NGINX_EXCHANGE = f"""
location ~ ^/{EXCHANGE}/ {{{{
    client_max_body_size {MAX_LIST >> 20}m;
    client_body_timeout 25s;
    # A long list is taken in a minute or two.
    proxy_read_timeout 300s;
    fastcgi_read_timeout 300s;
    {{call}}
}}}}
"""
HTTPS = """\
# A bank's secrets do not travel in the clear. No redirect: the bank must notice.
RewriteCond %{HTTPS} !=on
RewriteCond %{HTTP:X-Forwarded-Proto} !=https
RewriteRule ^ - [R=403,L]"""

HERE = r"RewriteCond %{REMOTE_ADDR} !^(?:127\.|::1$)"


def install(app: Flask, settings: Settings) -> None:
    """Give Flask's command line `flask front`."""

    @app.cli.command("front")
    @click.argument("entry", type=click.Choice([*ENTRIES, "nginx"]))
    @click.option("-o", "folder", type=click.Path(path_type=Path), required=True, help="A folder.")
    @click.option("--allow", "only_known", is_flag=True, help="Start nothing for other addresses.")
    @click.option("--plain-http", is_flag=True, help="Do not refuse what comes without TLS.")
    @click.option("--python", default="", help="Passenger: the interpreter, where .htaccess says.")
    @click.option("--app-root", default="", help="Passenger: the folder of passenger_wsgi.py.")
    def front(entry: str, folder: Path, python: str, app_root: str, **wishes: bool) -> None:
        """Write what the web server in front needs, for one of the entries of deploy/.

        For Apache's entries FOLDER becomes a docroot, whole and ready to be uploaded: .htaccess,
        the entry, the answers that are given while the program is down. For nginx it gets the
        files that deploy/nginx.conf includes: callback-banks-fastcgi.conf, or callback-banks.conf
        where nginx speaks HTTP with gunicorn. Make them again when a bank is added or renamed.

        Calls without TLS are refused where PUBLIC_URL begins with https://, and without a
        PUBLIC_URL where a bank has a password (but not those of this machine). A host that ends
        TLS in front of Apache and does not say so (X-Forwarded-Proto) needs --plain-http.

        --allow writes the banks' own lists of addresses into it, so that a stranger costs no
        process, which is much on a host with nothing but CGI. Only where flask doctor --site says
        that the caller is yours: behind a proxy everybody would be refused.

        Passenger of cPanel, DirectAdmin and Beget wants --app-root and --python, as the panel
        shows them. The stock one (ISPmanager) answers every request with 500 when it meets them.
        """
        panel = _of_the_panel(app_root, python)
        banks = make(settings, entry, folder, Wishes(**wishes, panel=panel))
        names = ", ".join(bank.name for bank in banks)
        click.echo(
            _("{folder}: made for {banks}.").format(
                folder=folder, banks=names or _("no bank at all")
            )
        )


class Wishes(NamedTuple):
    """What a host may want besides."""

    plain_http: bool = False  # calls without TLS are let through
    only_known: bool = False  # addresses that a bank's `allow` does not name are refused
    panel: str = ""  # further lines of .htaccess, as some hosts' panels want them


NO_WISHES = Wishes()


def make(settings: Settings, entry: str, folder: Path, wishes: Wishes = NO_WISHES) -> list[Bank]:
    """Write what the web server needs, and return the banks that it knows then."""
    # Some banks only send files: they have no address.
    banks = [bank for bank in settings.banks.values() if PROTOCOLS[bank.protocol].PATHS]
    ours = [*OPS_ADDRESSES, *([EXCHANGE] if settings.exchange else [])]
    listed = [bank for bank in banks if bank.allow] if wishes.only_known else []
    folder.mkdir(parents=True, exist_ok=True)
    if entry == "nginx":
        _write(folder / "callback-bare.conf", nginx_bare())
        for suffix, call in NGINX_CALLS.items():
            _write(folder / f"callback-banks{suffix}.conf", nginx_banks(banks, ours, call, listed))
        return banks
    template = (DEPLOY / "htaccess").read_text(encoding="utf-8")
    https = "" if wishes.plain_http else _https(settings.public_url, banks)
    rules = [*filter(None, [https]), *map(_apache_allow, listed)]
    text = htaccess(template, entry, banks, ours, rules)
    _write(folder / ".htaccess", text + wishes.panel)
    _write_entry(entry, folder)
    _write_later(banks, folder / "later")
    return banks


def _https(public_url: str, banks: Iterable[Bank]) -> str:
    """Refuse calls without TLS, also where nobody has said yet what the address will be."""
    if public_url.startswith("https://"):
        return HTTPS
    if public_url or not any(bank.password for bank in banks):
        return ""
    return HTTPS.replace("RewriteRule", f"{HERE}\nRewriteRule")  # a trial here goes on


def as_is(answer: Answer) -> bytes:
    """An answer as mod_asis sends a file, and as a CGI program prints it."""
    head = f"Status: {answer.status} {HTTPStatus(answer.status).phrase}\nCache-Control: no-store\n"
    if answer.content_type:
        head += f"Content-Type: {answer.content_type}\n"
    return f"{head}\n".encode() + answer.body


def htaccess(
    template: str, entry: str, banks: Sequence[Bank], ours: Sequence[str], rules: Sequence[str]
) -> str:
    """Fill in deploy/htaccess; `rules` refuse some calls before anything else is asked."""
    script, how = ENTRIES[entry]
    # Nothing but a bank's address comes past the first of these, whatever lies in the folder.
    lines = [f"RewriteRule !^(?:{_public(banks, ours, served=not script)}) - [R=404,L]"]
    # Behind it nothing is asked any more: others may have rules below.
    lines.append(f"RewriteRule ^ {script}%{{REQUEST_URI}} [L]" if script else "RewriteRule ^ - [L]")
    values = {
        "KIND": entry,
        "INSIDE": INSIDE.format(re.escape(script)) if script else WRITTEN,
        "ENTRY": how,
        "HTTPS": "\n".join(rules or ["# Whoever calls is let through."]),
        "ROUTE": "\n".join(lines),
        "BARE": "\n".join(f"ErrorDocument {status} /{NOTHING}" for status in BARE),
        "LATER": "\n".join(_apache_later(bank, entry) for bank in banks),
    }
    return re.sub("@([A-Z]+)@", lambda match: values[match[1]], template)


def _public(banks: Iterable[Bank], ours: Iterable[str], *, served: bool) -> str:
    """What addresses that the program sees begin with, as a pattern.

    An address that only begins as a bank's does is for the program, too: its log tells of the
    mistake. Not where a file of the folder may be `served` in its place.
    """
    ends = "(?:/|$)"
    names, ops = "|".join(bank.name for bank in banks), "|".join(ours)
    mistaken = f"(?:{names}){ends}" if served else f"(?i:{names})"
    return f"(?:{ops}){ends}|{mistaken}" if names else f"(?:{ops}){ends}"


def nginx_bare() -> str:
    """Errors without a body, for any server of nginx."""
    return (
        "# Made by `flask front nginx`. An error of nginx keeps its number and has no page.\n"
        f"{_error_page(NGINX_REFUSALS)}\n{_error_page(NGINX_FAILURES)}\n"
        'location = /bare { internal; default_type ""; return 200 ""; }\n'
        "# No answer may be kept, whoever gives it.\n"
        "proxy_hide_header Cache-Control;\n"
        "fastcgi_hide_header Cache-Control;\n"
        "add_header Cache-Control no-store always;\n"
    )


def nginx_banks(
    banks: Sequence[Bank], ours: Sequence[str], call: str, listed: Sequence[Bank] = ()
) -> str:
    """The banks' addresses, and what each hears while the program does not answer."""
    head = "# Made by `flask front nginx` out of the settings: make it anew with the banks.\n"
    # The program lets in whom it knows, and its log tells of a mistaken address.
    others = _public(banks, ours, served=False)
    return (
        head
        + "".join(_nginx_bank(bank, call, bank in listed) for bank in banks)
        + (NGINX_EXCHANGE.format(call=call) if EXCHANGE in ours else "")
        + f"\nlocation ~ ^/+(?:{others}) {{ {call} }}\n"
    )


def nginx_later(bank: Bank, answer: Answer) -> str:
    """What nginx says for a bank; ClickException when it cannot say that."""
    text = re.sub(r'(["\\])', r"\\\1", answer.body.decode())
    if "$" in text:  # the name of a variable would follow, and nothing can quote it
        raise click.ClickException(
            _("BANKS.{bank}: nginx cannot say a $ while we are down").format(bank=bank.name)
        )
    return f"""location @later_{bank.name} {{
    default_type "{answer.content_type}";
    return {answer.status} "{text}";
}}
"""


def _nginx_bank(bank: Bank, call: str, is_listed: bool) -> str:
    answer = unavailable_answer(bank)
    speaks = answer.body != b""
    target = f"= @later_{bank.name}" if speaks else f"={answer.status} /bare"
    location = f"""
location ~ ^/{bank.name}(/|$) {{
    {_error_page(NGINX_REFUSALS)}
    {_error_page(NGINX_FAILURES, target)}
    {_nginx_allow(bank) if is_listed else ""}{call}
}}
"""
    return location + nginx_later(bank, answer) if speaks else location


def _nginx_allow(bank: Bank) -> str:
    return "".join(f"allow {network};\n    " for network in bank.allow) + "deny all;\n    "


def _apache_allow(bank: Bank) -> str:
    known = " || ".join(f"-R '{network}'" for network in bank.allow)
    return f'RewriteCond expr "! ({known})"\nRewriteRule ^{bank.name}(?:/|$) - [R=403,L]'


def _error_page(statuses: Iterable[int], target: str = "/bare") -> str:
    return f"error_page {' '.join(map(str, statuses))} {target};"


def _apache_later(bank: Bank, entry: str) -> str:
    # What the caller wrote: the address that Apache works on may be the entry's by now.
    lines = [f'<If "%{{THE_REQUEST}} =~ m#^[A-Z]+ /{bank.name}[/? ]#">']
    for module, suffix in (("mod_asis.c", "asis"), ("!mod_asis.c", "cgi")):
        lines.append(f"    <IfModule {module}>")
        lines += [
            f"        ErrorDocument {status} /later/{bank.name}.{suffix}" for status in FAILURES
        ]
        lines.append("    </IfModule>")
    if entry == "passenger" and not PROTOCOLS[bank.protocol].ERROR_BODIES:
        lines += ["    " + line for line in PASSENGER]
    return "\n".join([*lines, "</If>"])


QUOTED = CHALLENGE.replace('"', r"\"")
PASSENGER = (
    "# Passenger's own page counts as the program's answer, unless this is on. The program's",
    "# errors have no body either; only this header must be put back.",
    "PassengerErrorOverride on",
    f'Header always set WWW-Authenticate "{QUOTED}" "expr=%{{REQUEST_STATUS}} == 401"',
)


def _of_the_panel(app_root: str, python: str) -> str:
    directives = {"PassengerAppRoot": app_root, "PassengerPython": python}
    lines = [f'{name} "{value}"\n' for name, value in directives.items() if value]
    return "".join(["\n", *lines, 'PassengerBaseURI "/"\n']) if lines else ""


def _write_entry(entry: str, docroot: Path) -> None:
    script = DEPLOY / (ENTRIES[entry][0] or "-")
    if script.exists():
        (docroot / script.name).write_bytes(unix_lines(script.read_bytes()))
        # suEXEC runs nothing that others may write.
        (docroot / script.name).chmod(0o755)


def _write_later(banks: Iterable[Bank], folder: Path) -> None:
    """Each answer twice: where mod_asis is missing, a shell hands it out."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    _write(folder.parent / NOTHING, "")
    for bank in banks:
        answer = as_is(unavailable_answer(bank))
        (folder / f"{bank.name}.asis").write_bytes(answer)
        script = folder / f"{bank.name}.cgi"
        script.write_bytes(b"#!/bin/sh\ncat <<'END'\n%s\nEND\n" % answer)
        script.chmod(0o755)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    # The web server reads it, whatever this shell keeps from others; there is no secret in it.
    path.chmod(0o644)

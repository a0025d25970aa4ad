"""Puts the program on a host by FTP or SSH, switches by one rename, goes back if that fails.

    make deploy-ftp      or    make deploy-ssh      build, upload, switch, prove
    make send-settings                              the settings and the web folder alone, proven
    make rollback                                   back to the release before

Settings: instance/deploy.toml (deploy/deploy.toml explains every line). Where things stand on the
host is told in deploy/passenger_wsgi.py. A release is one file, which the host unpacks and compares
with what was built; whatever happens before it is proven, the one before goes on serving. The web
folder and, where the host has none, the settings go along.

Exit status 0: it serves. 3: it serves, and the site's doctor names faults that are left. 1: what
was there before goes on serving.
"""

from __future__ import annotations

import argparse
import ftplib
import json
import posixpath
import re
import sys
import time
from http import HTTPStatus
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from callback.bank import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from click import ClickException  # noqa: E402 - where the line above finds the program

from callback import settings as program  # noqa: E402
from callback.phrase import Phrase, joined  # noqa: E402
from callback.signature import ops_pass  # noqa: E402
from callback.tools import front, htaccess, release, web  # noqa: E402
from callback.tools.finding import Finding  # noqa: E402
from callback.tools.hints import send_settings as send_settings_hint  # noqa: E402
from callback.tools.printable import tolerate_any_console  # noqa: E402
from callback.tools.words import (  # noqa: E402
    _,
    language_of,
    say,
    speak_at_a_terminal,
    spoken,
)
from deploy import probe  # noqa: E402
from deploy.hosts import FTP, PUBLIC, SCRIPT, SECRET, SSH, TIMEOUT_S, Host, HostError  # noqa: E402

# Passenger looks at restart.txt at most every 10 s, and takes a moment to start.
SWITCH_S = 40
ENTRY = "passenger_wsgi.py"
COMMANDS = "bin/flask"
STARTUP = "STARTUP.txt"
DEFAULTS = {
    "port": 0,
    "password": "",
    "tls": True,
    "folder": "callback",
    "ca": "",
    "ssh": "ssh",
    "entry": "",
    "web": "",
    "python": "",
    "check": "",
    "expect": "",
    "via": "",
    "settings": "instance/config.toml",
    "language": "",
}
NEEDED = ("host", "user", "url")
KINDS = {
    str: Phrase("a text in quotes"),
    int: Phrase("a whole number without quotes"),
    bool: Phrase("true or false, without quotes"),
}
WAYS = ("ftp", "ssh")
BLANKS = ("", "…")  # the second is that of the example
# What starts the program, by the entry; Passenger finds it by itself.
SCRIPTS = {"cgi": "pay.cgi", "fcgi": "pay.fcgi", "passenger": ""}
# What a host may lack that an entry needs.
OTHER_ENTRY = {
    "": Phrase(
        "On a machine of your own `journalctl -u callback` says why; its files must belong to the "
        "user of the service: log in as that one. "
    ),
    "fcgi": Phrase('The host may have no FastCGI: with entry = "cgi" it needs none. '),
    "passenger": Phrase('The host may have no Passenger: try entry = "cgi" then. '),
}
NO_DOCTOR = "the site's doctor answers"
LEFT_TO_DO = 3
REDIRECTS = (301, 302, 303, 307, 308)


class DeployError(Exception):
    """The release does not serve; the text says what to do. The one before goes on serving."""


class Undoable:
    """A host whose files can be put back: an entry of a new release may start no older one."""

    def __init__(
        self, host: Host, replaced: list[tuple[Host, str, bytes, int | None]] | None = None
    ):
        self._host = host
        self._replaced = [] if replaced is None else replaced
        self.get, self.mode = host.get, host.mode
        self.set_mode, self.make_folder = host.set_mode, host.make_folder
        self.remove, self.home = host.remove, host.home

    def at(self, folder: str) -> Undoable:
        """What is replaced there is put back, too."""
        return Undoable(self._host.at(folder), self._replaced)

    def put(self, name: str, content: bytes, mode: int | None = None) -> None:
        """Remember what stood there."""
        stood = self._host.get(name)
        if stood is not None:
            self._replaced.append((self._host, name, stood, self._host.mode(name) or mode))
        self._host.put(name, content, mode)

    def undo(self) -> None:
        """Put everything back; what stood nowhere stays, nothing of before asks for it."""
        while self._replaced:
            host, name, content, mode = self._replaced.pop()
            host.put(name, content, mode)


def main() -> None:
    """Read the command line; exit status 1 when the host does not serve the new release."""
    tolerate_any_console()
    options = _options()
    try:
        settings = load(options.settings)
        check(settings)
        is_ftp = (options.via or way_of(settings)) == "ftp"
        host: Host = FTP(settings) if is_ftp else SSH(settings)
        if options.rollback:
            faults = roll_back(host, settings)
        elif options.only_settings:
            faults = renew_settings(host, settings)
        else:
            _tell_way_back(options.via, settings)
            archive = options.built or build(settings)
            faults = deploy(host, settings, archive, with_settings=options.with_settings)
    except KeyboardInterrupt:
        sys.exit(
            "\n" + _("Stopped. The release before goes on serving; run it again when you like.")
        )
    except (DeployError, HostError, ClickException, OSError, ftplib.Error, EOFError) as error:
        text = error.message if isinstance(error, ClickException) else say(error)
        sys.exit(_("Not deployed: {why}").format(why=text or type(error).__name__))
    sys.exit(LEFT_TO_DO if faults else 0)


def _options() -> argparse.Namespace:
    """Read the command line, in the language of the settings that it names."""
    where: dict[str, Any] = {"type": Path, "default": ROOT / "instance" / "deploy.toml"}
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--settings", **where)
    speak_at_a_terminal(_language(first.parse_known_args()[0].settings))
    parser = argparse.ArgumentParser(
        description=_(cleandoc(__doc__)), formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--settings", **where, help=_("instead of instance/deploy.toml"))
    parser.add_argument(
        "via", nargs="?", choices=WAYS, help=_("how the host is reached; else deploy.toml says it")
    )
    parser.add_argument("--rollback", action="store_true", help=_("back to the release before"))
    parser.add_argument(
        "--only-settings",
        action="store_true",
        help=_(
            "replace the settings on the host by yours, and the web folder; no release is built"
        ),
    )
    parser.add_argument(
        "--with-settings", action="store_true", help=_("replace the settings on the host by yours")
    )
    parser.add_argument("--built", type=Path, help=_("upload this .zip, built before"))
    return parser.parse_args()


def _language(deploy: Path) -> str:
    """That of deploy.toml; else of the program's settings beside it, or of this machine."""
    named = language_of(deploy) if deploy.exists() else ""
    return named or language_of(deploy.with_name("config.toml"))


def load(path: Path) -> dict[str, Any]:
    """Read the settings; DeployError names every key that is missing or unknown."""
    values = _tables(path)
    if faults := [*_faults(values)]:
        raise DeployError(joined("\n", [f"{path}:", *faults]))
    return _with_web({**DEFAULTS, **values})


def _tables(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise DeployError(
            Phrase("no {path}: copy deploy/deploy.toml there and fill it in", path=path)
        )
    try:
        values: dict[str, Any] = tomllib.loads(program.text_of(path, path.read_bytes()))
    except program.NotUTF8Error as error:
        raise DeployError(str(error)) from error
    except ValueError as error:
        raise DeployError(
            Phrase("{file}: {error}", file=path, error=program.unreadable(error))
        ) from error
    return values


def _faults(values: Mapping[str, Any]) -> Iterator[Phrase]:
    yield from (Phrase("{key}: missing", key=key) for key in NEEDED if not values.get(key))
    for key in values:
        if key not in (*NEEDED, *DEFAULTS):
            yield Phrase("{key}: no such key", key=key)
    for key, default in {**dict.fromkeys(NEEDED, ""), **DEFAULTS}.items():
        if key in values and type(values[key]) is not type(default):
            kind = KINDS[type(default)]
            yield Phrase("{key}: expected {kind}, as in deploy/deploy.toml", key=key, kind=kind)
    for key, words in (("entry", SCRIPTS), ("via", WAYS)):
        if values.get(key, "") not in ("", *words):
            yield Phrase("{key}: expected one of {words}", key=key, words=", ".join(words))
    if re.search("[/@]|^[^:]*:[^:]*$", str(values.get("host", ""))):
        yield Phrase(
            "host: expected a name alone, as ftp.example.kz; user and port have lines of theirs"
        )
    if values.get("url") and not re.match("https?://[^/]", str(values["url"])):
        yield Phrase('url: expected the site\'s address, "https://pay.example.kz" for example')
    if values.get("folder", DEFAULTS["folder"]) in ("", ".", "/"):
        yield Phrase("folder: expected a folder of its own for the program, as in the example")


def _with_web(settings: dict[str, Any]) -> dict[str, Any]:
    """Where the web folder usually is; DeployError where its entry would find no program."""
    folder = posixpath.normpath(settings["folder"])
    beside, below = posixpath.join(posixpath.dirname(folder), "public_html"), f"{folder}/public"
    usual = below if settings["entry"] == "passenger" else beside
    web = posixpath.normpath(settings["web"] or usual)
    if SCRIPTS.get(settings["entry"]) and posixpath.dirname(web) != posixpath.dirname(folder):
        raise DeployError(
            Phrase(
                "web = {web!r} and folder = {folder!r}: they must stand beside each other, for "
                "{script} looks for the program there",
                web=web,
                folder=folder,
                script=SCRIPTS[settings["entry"]],
            )
        )
    if SCRIPTS.get(settings["entry"]) and posixpath.basename(folder) != DEFAULTS["folder"]:
        raise DeployError(
            Phrase(
                "folder = {folder!r}: its last part must be {folder2!r}, for {script} looks for "
                "the program under this name",
                folder=folder,
                folder2=DEFAULTS["folder"],
                script=SCRIPTS[settings["entry"]],
            )
        )
    if "public_html" in posixpath.dirname(folder).split("/"):
        raise DeployError(
            Phrase(
                "folder = {folder!r} stands inside a web folder: anybody could read it",
                folder=folder,
            )
        )
    return {**settings, "folder": folder, "web": web}


def way_of(settings: dict[str, Any]) -> str:
    """How deploy.toml reaches the host: a password is FTP's, for SSH takes a key."""
    is_ssh = settings["port"] == 22 or settings["ssh"] != DEFAULTS["ssh"]
    usual = "ssh" if is_ssh or settings["password"] in BLANKS else "ftp"
    return str(settings["via"] or usual)


def _tell_way_back(via: str | None, settings: dict[str, Any]) -> None:
    """Say so where the way back is another one than this: that host may have no such way."""
    usual = way_of(settings)
    if via and via != usual:
        print(
            _(
                "make rollback goes by {usual}, as deploy.toml has it, and not by {via}: "
                'via = "{via}" there lets it go this way'
            ).format(usual=usual, via=via)
        )


def check(settings: dict[str, Any]) -> Settings | None:
    """Read our copy of the program's settings; DeployError where nothing could prove a release."""
    copy = _copy_of_settings(settings)
    if not (settings["check"] or copy):
        raise DeployError(
            Phrase(
                "nothing could prove that the release serves: keep a copy of the program's "
                "settings as {settings}, or set check and expect in deploy.toml",
                settings=settings["settings"],
            )
        )
    is_secure = copy is not None and copy.public_url.startswith("https://")
    if is_secure and settings["entry"] and settings["url"].startswith("http://"):
        raise DeployError(_no_tls(settings))
    return copy


def _no_tls(settings: dict[str, Any]) -> str:
    return Phrase(
        "url in deploy.toml is {url}: write https://, for the site refuses calls without TLS",
        url=settings["url"],
    )


def build(settings: dict[str, Any]) -> Path:
    """Build a release, with the time zones of the program's settings where a copy of them is."""
    archive = ROOT / "build" / f"{release.new_name()}.zip"
    archive.parent.mkdir(exist_ok=True)
    copy = _copy_of_settings(settings)
    release.build(archive, release.zones(copy) if copy else ())
    return archive


def deploy(
    host: Host, settings: dict[str, Any], archive: Path, *, with_settings: bool = False
) -> list[Finding]:
    """Upload, switch, prove; back to the one before when it does not serve. Return what is left."""
    copy = check(settings)
    if copy and copy.public_url and copy.public_url != settings["url"].rstrip("/"):
        print(
            _(
                "PUBLIC_URL in {file} is {public_url}, and url in deploy.toml {url}: banks are "
                "given the first, and this release is proven at the other"
            ).format(file=settings["settings"], public_url=copy.public_url, url=settings["url"])
        )
    elif copy and not copy.public_url:
        print(
            _(
                '{file} has no PUBLIC_URL = "{url}": without it weak keys and passwords are not '
                "refused, and flask doctor --site asks nobody"
            ).format(file=settings["settings"], url=settings["url"])
        )
    if copy:
        _look_who_reads(host, settings, copy, anew=with_settings)
    beside = Undoable(host)
    send_program(beside, settings)
    host.put(f"releases/{archive.name}", archive.read_bytes())  # the long one before what is live
    if copy:
        send_settings(beside, settings, copy, anew=with_settings)
        send_web(beside.at(settings["web"]), settings, copy)
    before = _pointer(host, "CURRENT")
    _switch(host, settings, archive.stem, before, beside.undo)
    if before != archive.stem:
        host.put("PREVIOUS", f"{before}\n".encode())
    return _tell(
        settings, Phrase("Release {name} serves {url}.", name=archive.stem, url=settings["url"])
    )


def renew_settings(host: Host, settings: dict[str, Any]) -> list[Finding]:
    """Send the settings and the web folder, prove that the site runs with them; else undo it."""
    copy, current = check(settings), _pointer(host, "CURRENT")
    if copy is None:
        raise DeployError(Phrase("there is no {settings} to send", settings=settings["settings"]))
    if not current:
        raise DeployError(Phrase("no release is there yet: deploy one, the settings go along"))
    _look_who_reads(host, settings, copy, anew=True)
    beside = Undoable(host)
    send_settings(beside, settings, copy, anew=True)
    send_web(beside.at(settings["web"]), settings, copy)
    _switch(host, {**settings, "digest": copy.digest}, current, current, beside.undo)
    return _tell(
        settings,
        Phrase(
            "Release {name} serves {url} with these settings.", name=current, url=settings["url"]
        ),
    )


def _tell(settings: dict[str, Any], sentence: str) -> list[Finding]:
    """Say that it is done, and before that what the site's doctor calls a fault."""
    faults = [finding for finding in _findings(settings)[0] if finding.state == "fault"]
    for finding in faults:
        print(f"fault   {finding.name}: {finding.text}")
    left = _(" Faults left: {n}, see above; then flask doctor --site.") if faults else ""
    print(say(sentence) + left.format(n=len(faults)))
    return faults


def send_program(host: Host, settings: dict[str, Any]) -> None:
    """What stands beside the releases and hardly ever changes."""
    for folder in ("releases", "tmp", "bin"):
        host.make_folder(folder)
    entry = _read(ROOT / "deploy" / ENTRY)
    if settings["entry"] == "passenger" and settings["python"]:
        entry = entry.replace(b'\nPYTHON = ""', f"\nPYTHON = {settings['python']!r}".encode())
    for name, content in ((ENTRY, entry), (COMMANDS, _read(ROOT / "deploy" / "flask"))):
        if host.get(name) != content:
            host.put(name, content)


def _look_who_reads(host: Host, settings: dict[str, Any], copy: Settings, *, anew: bool) -> None:
    """Before a secret is sent: DeployError where everybody could read it there."""
    private = _private(host, settings)
    theirs = {name: (path, private.get(name)) for name, path in _secrets(copy).items()}
    if any(
        there is None or (anew and there != path.read_bytes()) for path, there in theirs.values()
    ) and (fault := probe.fault(host, settings)):
        raise DeployError(fault)


def _private(host: Host, settings: dict[str, Any]) -> Host:
    return host.at(posixpath.join(posixpath.dirname(settings["folder"]), "private"))


def _secrets(copy: Settings) -> dict[str, Path]:
    """What goes into `private`, by its name there."""
    return {"callback.toml": copy.path} | {path.name: path for path in _named_files(copy)}


def send_settings(host: Host, settings: dict[str, Any], copy: Settings, *, anew: bool) -> None:
    """The settings, where the host has none: those that are there may be newer than ours."""
    private = _private(host, settings)
    for name, path in _secrets(copy).items():
        ours, theirs = path.read_bytes(), private.get(name)
        if theirs is not None and theirs != ours and not anew:
            print(
                _(
                    "private/{name} on the host is not as {file} here, and stays as it is: "
                    "{command} sends yours"
                ).format(name=name, file=path.name, command=send_settings_hint())
            )
        elif theirs != ours:
            private.make_folder()
            private.set_mode("", 0o700)
            private.put(name, ours, SECRET)
            print(_("private/{name}: sent").format(name=name))


def _named_files(copy: Settings) -> Iterator[Path]:
    """What stands beside the settings and is named in them: keys, an authority's certificate."""
    text = copy.path.read_text(encoding="utf-8-sig")
    for path in sorted(copy.path.parent.iterdir()):
        is_named = re.search(rf"[\"'=]{re.escape(path.name)}[\"'&]", text)
        if is_named and path.is_file() and path != copy.log:
            yield path


def send_web(web: Host, settings: dict[str, Any], copy: Settings) -> None:
    """What `flask front` makes, with the rights that web servers want."""
    if not settings["entry"]:
        return
    web.make_folder("later")
    web.set_mode("later", SCRIPT)
    with TemporaryDirectory() as made:
        front.make(copy, settings["entry"], Path(made))
        for path in sorted(Path(made).rglob("*")):
            if path.is_file():
                name = path.relative_to(made).as_posix()
                _send_public(web, name, _adapted(web, name, _read(path), settings["python"]))


def _send_public(web: Host, name: str, content: bytes) -> None:
    is_script = name.endswith("cgi")
    if web.get(name) != content:
        web.put(name, content, SCRIPT if is_script else PUBLIC)
    if is_script and _runs(web, name) is False:
        web.set_mode(name, SCRIPT)
        if _runs(web, name) is False:
            raise DeployError(
                Phrase(
                    "the host lets nobody change the rights of {name} in the web folder by FTP: "
                    "give "
                    "it mode 755 in the panel's file manager",
                    name=name,
                )
            )


def _runs(web: Host, name: str) -> bool | None:
    """Look at what the host really has: whether a script may be run; None when it does not tell."""
    mode = web.mode(name)
    return None if mode is None else mode & SCRIPT == SCRIPT


def _adapted(web: Host, name: str, content: bytes, python: str) -> bytes:
    """The host's Python, and the lines that a panel has written."""
    if name == ".htaccess":
        theirs = (web.get(name) or b"").decode("utf-8", "surrogateescape")
        for danger in htaccess.dangers(theirs):
            print(say(danger))
        return htaccess.merged(content.decode(), theirs).encode("utf-8", "surrogateescape")
    if name in SCRIPTS.values() and python:
        return b"#!" + python.encode() + content[content.index(b"\n") :]
    return content


def roll_back(host: Host, settings: dict[str, Any]) -> list[Finding]:
    """Switch to PREVIOUS, and make CURRENT the one to roll forward to."""
    before, current = _pointer(host, "PREVIOUS"), _pointer(host, "CURRENT")
    if not before:
        raise DeployError(Phrase("there is no release before this one"))
    _switch(host, settings, before, current)
    host.put("PREVIOUS", f"{current}\n".encode())
    return _tell(
        settings, Phrase("Release {name} serves {url} again.", name=before, url=settings["url"])
    )


def _pointer(host: Host, name: str) -> str:
    return (host.get(name) or b"").decode("ascii", "replace").strip()


def _switch(
    host: Host,
    settings: dict[str, Any],
    name: str,
    before: str,
    undo: Callable[[], None] = lambda: None,
) -> None:
    """Switch to a release and prove it; DeployError when not, and the one before is back."""
    # First, so that there is one to go on with while the new one is unpacked, or if it is cut.
    host.put("FALLBACK", f"{before}\n".encode())
    _point(host, name)
    try:
        failure = _failure(settings, name)
    except KeyboardInterrupt:
        failure = Phrase("stopped before the site has proven it")
    if not failure:
        return
    note = (host.get(STARTUP) or b"").decode(errors="replace").strip()
    reason = failure
    if note:
        reason = joined("\n", [failure, f"{STARTUP}: {_of_two(note)}"])
    elif failure.startswith(NO_DOCTOR):
        reason = joined("\n", [failure, _never_started(host.at(settings["web"]), settings)])
    if not before:
        raise DeployError(
            Phrase("{reason}\nThere was no release before: nothing serves now.", reason=reason)
        )
    undo()
    _point(host, before)
    of_before = {key: value for key, value in settings.items() if key != "digest"}
    if failure := _failure({**of_before, "check": ""}, before):
        raise DeployError(
            Phrase(
                "{reason}\nRelease {before} is back, and is not proven either: {failure}",
                reason=reason,
                before=before,
                failure=failure,
            )
        )
    raise DeployError(
        Phrase("{reason}\nRelease {before} serves again.", reason=reason, before=before)
    )


def _of_two(note: str) -> str:
    """STARTUP.txt is English, and behind an empty line Russian: what this office reads."""
    english, _blank, other = note.partition("\n\n")
    return other if other and spoken() == "ru" else english


def _point(host: Host, name: str) -> None:
    """The one rename that counts, then tell Passenger."""
    host.put("CURRENT", f"{name}\n".encode())
    host.put("tmp/restart.txt", f"{name}\n".encode())


def _never_started(web: Host, settings: dict[str, Any]) -> str:
    """Why there is no STARTUP.txt: look at the scripts that the host has."""
    seen = [fault for script in filter(None, SCRIPTS.values()) for fault in _fault(web, script)]
    guess = (
        joined(" ", seen)
        if seen
        else Phrase(
            "Look at the web folder: pay.cgi or pay.fcgi must have mode 755, Unix line ends "
            "(binary "
            "mode) and a Python in line 1 that the host has; with Passenger the panel must name "
            "the "
            "folder."
        )
    )
    return Phrase(
        "If it is none of these, the entry did not even run, or not for {url}, for it left "
        "no {file}. {other}The web folder must be writable by its owner alone (755 or 750). "
        "{guess}",
        url=settings["url"],
        file=STARTUP,
        other=OTHER_ENTRY.get(settings["entry"], ""),
        guess=guess,
    )


def _fault(web: Host, script: str) -> Iterator[str]:
    content = web.get(script)
    if content is None:
        return
    first = content.partition(b"\n")[0].decode(errors="replace")
    if "\r" in first:
        yield Phrase("{script} has Windows line ends: upload it in binary mode.", script=script)
    if _runs(web, script) is False:
        yield Phrase(
            "{script} has mode {mode:o}: give it 755.", script=script, mode=web.mode(script)
        )
    yield Phrase(
        "Line 1 of {script} is {first}: does the host have that Python?",
        script=script,
        first=first.strip(),
    )


def _failure(settings: dict[str, Any], name: str) -> str:
    """Ask the site until it proves that it runs the release; else say what it answered last."""
    deadline = time.monotonic() + SWITCH_S
    while failure := _wrong_release(settings, name) or _wrong_answer(settings):
        if time.monotonic() > deadline:
            return failure
        time.sleep(1)
    return ""


def _wrong_answer(settings: dict[str, Any]) -> str:
    """A real call, where the settings name one."""
    if not settings["check"]:
        return ""
    status, body = _get(settings["url"].rstrip("/") + settings["check"])
    if status == 200 and settings["expect"] in body:
        return ""
    return Phrase("the check call answers HTTP {status}: {body}", status=status, body=body[:200])


def _wrong_release(settings: dict[str, Any], name: str) -> str:
    """Ask the site which release it runs, and with which settings where new ones were sent."""
    if _copy_of_settings(settings) is None:
        return ""
    findings, failure = _findings(settings)
    if failure:
        return failure
    seen = {finding.name: finding for finding in findings}
    release = seen.get("release", Finding("fault", "release", "unknown"))
    if release.state != "ok" or not release.text.startswith(f"{name}:"):
        return Phrase("the site runs {text}", text=release.text)
    used = seen.get("settings in use")  # releases from before do not tell
    if used and settings.get("digest", used.text) != used.text:
        return Phrase("the site runs with other settings than were sent")
    return ""


def _findings(settings: dict[str, Any]) -> tuple[list[Finding], str]:
    """Have the site examine itself; the key of the program's settings signs the question."""
    copy = _copy_of_settings(settings)
    if copy is None:
        return [], ""
    url = f"{settings['url'].rstrip('/')}/doctor/{ops_pass('doctor', copy.secret_keys)}"
    status, body = _get(url, web.SOME_BASIC)
    try:
        return [Finding(*values) for values in json.loads(body)], ""
    except (ValueError, TypeError):
        if not status:
            return [], Phrase(
                "{url} is not reached: {why}: look at url in deploy.toml, the domain's address and "
                "its certificate",
                url=settings["url"],
                why=body,
            )
        return [], _stranger(settings, status)


def _stranger(settings: dict[str, Any], status: int) -> str:
    """What answers in place of the program."""
    if status in REDIRECTS:
        return Phrase(
            "{url} sends the caller elsewhere (HTTP {status}), and banks do not follow: url in "
            "deploy.toml is not the site's own address (https://, www?), or a line of .htaccess or "
            "of the panel redirects it",
            url=settings["url"],
            status=status,
        )
    if status == HTTPStatus.FORBIDDEN and settings["url"].startswith("http://"):
        return _no_tls(settings)
    if status == HTTPStatus.UNAUTHORIZED:
        return Phrase(
            "{url} asks for a password before the program is asked (HTTP 401): take the protection "
            "of the web folder away in the panel",
            url=settings["url"],
        )
    return Phrase(
        "the site's doctor answers HTTP {status}: the program does not run there, or with "
        "another SECRET_KEY than {file}, or the clocks differ",
        status=status,
        file=settings["settings"],
    )


def _read(path: Path) -> bytes:
    """With Unix line ends, wherever it was checked out."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def _copy_of_settings(settings: dict[str, Any]) -> Settings | None:
    """The program's own settings, where a copy of them is."""
    path = ROOT / settings["settings"]
    if not settings["settings"] or not path.exists():
        return None
    try:
        return program.load(path)
    except program.SettingsError as error:
        raise DeployError(str(error)) from error


def _get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    status, body = web.get(url, TIMEOUT_S, headers)
    return status, body.decode(errors="replace")


if __name__ == "__main__":
    main()

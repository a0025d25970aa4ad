# -*- coding: utf-8 -*-
"""The application of the release in use: for Passenger itself, and behind every other entry.

Where things stand on a host; SITE is the account's home, or the site's folder in it:

    SITE/callback/                   nothing of it is public
        passenger_wsgi.py            this file; the other entries import it
        CURRENT                      a line: the name of the release in use
        FALLBACK, PREVIOUS           likewise, the one before: while CURRENT is unproven, and after
        STARTUP.txt                  why the program did not start the last time, if it did not:
                                     in English, below it in Russian
        releases/NAME.zip            a release as it was uploaded
        releases/NAME/               unpacked: callback/, sql/, wsgi.py, MANIFEST.sha256; some
                                     panels make it releases/NAME/NAME/
        releases/NAME/vendor/        what requirements.txt asks for, all of it pure Python
        bin/flask                    the commands, with the release in use
        public/                      with Passenger the docroot: .htaccess and later/
        tmp/restart.txt              touched: every entry takes the release of CURRENT and the
                                     settings anew; all but Passenger look at CURRENT itself, too
    SITE/public_html/                with other entries the docroot: .htaccess, pay.*, later/
    SITE/private/callback.toml       the settings, mode 600; CALLBACK_CONFIG may name another file

`flask front` makes the docroot. A release is switched by renaming a new CURRENT over the old one.
Without CURRENT the release is the folder of this file: an upload by hand.

This file is read by whatever Python the host starts, so it must be understood by old ones, too.
"""

import os
import re
import sys

HOME = os.path.dirname(os.path.abspath(__file__))
RELEASES = os.path.join(HOME, "releases")
SETTINGS = os.path.join(os.path.dirname(HOME), "private", "callback.toml")
MANIFEST = "MANIFEST.sha256"
# A name and never a path: nobody can point us out of releases/.
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
KEPT_RELEASES = 3
CODE = (".py", ".pyc", ".so", ".pyd", ".pth", ".sql")
# What the system says of a file, for whoever reads Russian.
RUSSIAN = {2: "такого файла или папки нет", 13: "нет прав", 28: "на диске нет места"}
UNPACKING_S = 60  # whoever takes longer was killed
# Another interpreter than the panel's, for example "/home/u1234/.local/bin/python3.11": stock
# Passenger lets nobody choose one in .htaccess.
PYTHON = ""


def release():
    """Find the folder of the release in use: CURRENT's, or the one before when that is not whole.

    MANIFEST.sha256 is the last that is there of a release: a folder without it never arrived.
    """
    if not os.path.exists(os.path.join(HOME, "CURRENT")):
        if not os.path.exists(os.path.join(HOME, "wsgi.py")):
            _refuse(
                HOME + " has no CURRENT: write the name of the release into a file of this name",
                HOME + ": нет CURRENT: запишите имя выпуска в файл с этим именем",
            )
        return HOME
    for pointer in ("CURRENT", "FALLBACK", "PREVIOUS"):
        name = _named(pointer)
        if name and (_folder(name) or _unpack(name)):
            return _folder(name)
    hint, russian = _hint(_named("CURRENT"))
    return _refuse(
        HOME + ": neither CURRENT nor PREVIOUS names a release that arrived whole" + hint,
        HOME + ": ни CURRENT, ни PREVIOUS не называет выпуска, который дошёл целиком" + russian,
    )


def _hint(name):
    """Say what has become of the release that is wanted, as far as it can be seen."""
    if os.path.exists(os.path.join(RELEASES, name + ".wrong")):
        return (
            ", and the archive of CURRENT did not: upload it again",
            ", и архив из CURRENT дошёл не целиком: загрузите его ещё раз",
        )
    if name and os.path.isdir(os.path.join(RELEASES, name)):
        return (
            ", and releases/%s is not whole: delete it, and extract or upload %s.zip again"
            % (name, name),
            ", и releases/%s не целиком: удалите эту папку и извлеките или загрузите %s.zip ещё раз"
            % (name, name),
        )
    for place in (HOME, os.path.dirname(HOME)):
        for path in (os.path.join(place, name), os.path.join(place, name + ".zip")):
            if name and os.path.exists(path):
                return (
                    ", but there is %s: move it into %s" % (path, RELEASES),
                    ", но есть %s: переместите в %s" % (path, RELEASES),
                )
    if os.path.exists(os.path.join(RELEASES, MANIFEST)):
        return (
            ": what was extracted lies in releases itself, and belongs into releases/" + name,
            ": извлечённое лежит в самой папке releases, а должно лежать в releases/" + name,
        )
    return "", ""


def is_current():
    """Say whether this process still runs the release in use, with the settings in use."""
    return _restarted() == RESTARTED and release() == RELEASE


def _restarted():
    """When somebody has asked for a restart the last time."""
    try:
        return os.stat(os.path.join(HOME, "tmp", "restart.txt")).st_mtime
    except OSError:
        return 0


def _named(pointer):
    try:
        with open(os.path.join(HOME, pointer), encoding="ascii", errors="replace") as file:
            # Without what Notepad puts in front of it, what PowerShell puts between (UTF-16), and
            # what the archive's name ends with.
            name = re.sub("^\ufffd+|[.]zip$", "", file.read(200).replace("\0", "").strip())
    except OSError:
        return ""
    return name if NAME.fullmatch(name) else ""


def _folder(name):
    """Find a release that is whole; some panels extract NAME.zip into a folder of its name."""
    for folder in (os.path.join(RELEASES, name), os.path.join(RELEASES, name, name)):
        if os.path.exists(os.path.join(folder, MANIFEST)):
            return folder
    return ""


def _unpack(name):
    """Unpack a release that was uploaded as one file, once, whoever comes first.

    Others go on with the release before. An archive that is not as MANIFEST says is put aside: it
    would be unpacked in vain at every call.
    """
    archive, part = (os.path.join(RELEASES, name + end) for end in (".zip", ".part"))
    if not os.path.exists(archive):
        return False
    if os.path.exists(os.path.join(RELEASES, name)):
        if _folder(name):  # another process was first
            return True
        return _note(  # an "Extract" that has not come to its end
            "releases/%s is there, but not whole: delete the folder, and %s.zip is unpacked anew"
            % (name, name),
            "releases/%s есть, но не целиком: удалите эту папку, и %s.zip распакуется заново"
            % (name, name),
        )
    if not _is_first(part):
        return False
    import shutil
    import zipfile

    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(part)  # it never leaves the folder, whatever a member is called
        folder = os.path.join(part, name)
        wrong = _wrong(folder)
        if wrong:
            raise zipfile.BadZipFile(wrong)
        os.rename(folder, os.path.join(RELEASES, name))
    except OSError as error:  # no room, for example: the archive itself may be sound
        return _note(
            "release %s cannot be unpacked: %s" % (name, error),
            "выпуск %s не распаковывается: %s" % (name, _why(error)),
        )
    except Exception as error:
        os.replace(archive, os.path.join(RELEASES, name + ".wrong"))
        return _note(
            "release %s did not arrive whole: %s; upload it again" % (name, error),
            "выпуск %s дошёл не целиком: %s; загрузите его снова" % (name, error),
        )
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _remove_old()
    return True


def _is_first(part):
    """Say whether nobody else is unpacking it: who makes the folder is the one."""
    import shutil
    import time

    try:
        if time.time() - os.stat(part).st_mtime > UNPACKING_S:
            shutil.rmtree(part, ignore_errors=True)
    except OSError:
        pass  # it is not there
    try:
        os.mkdir(part)
    except OSError:
        return False
    return True


def _wrong(folder):
    """Name the first file that is not as MANIFEST says; nothing when all are."""
    import hashlib

    with open(os.path.join(folder, MANIFEST), encoding="utf-8") as manifest:
        lines = manifest.read().splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        with open(os.path.join(folder, name), "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != digest:
                return name
    return "" if lines else MANIFEST


def _planted(folder):
    """Name code that is in a release and not in its MANIFEST: nobody of us has built it.

    Whoever may write one file there would have it run, or would change what a payment does.
    """
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as manifest:
            named = {line.partition("  ")[2] for line in manifest.read().splitlines()}
    except OSError:
        return ""
    # A link to a folder is followed, as Python would.
    for place, _, names in os.walk(folder if named else os.devnull, followlinks=True):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
            if name.endswith(CODE) and path not in named and _source(path) not in named:
                return path
    return ""


def _source(path):
    """Name what Python has compiled into __pycache__; the path itself when it is nothing such."""
    return re.sub(r"(^|/)__pycache__/([^/.]+)[.][^/]*pyc$", r"\1\2.py", path)


def _remove_old():
    """Keep the newest releases, and those that a pointer names."""
    import shutil

    keep = {_named(pointer) for pointer in ("CURRENT", "FALLBACK", "PREVIOUS")}
    names = {re.sub("[.](zip|part|wrong)$", "", name) for name in os.listdir(RELEASES)}
    for name in sorted(names)[:-KEPT_RELEASES]:
        if name not in keep:
            shutil.rmtree(os.path.join(RELEASES, name), ignore_errors=True)
            for end in (".zip", ".wrong"):
                _remove(os.path.join(RELEASES, name + end))


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # it is not there


def _note(text, russian):
    """Leave a line for whoever has nothing but FTP, and nothing for anybody else.

    Nobody knows yet what that person reads, so it is said twice, with an empty line between.
    """
    path = os.path.join(HOME, "STARTUP.txt")
    lines = "%s\n\n%s\n" % (text, russian)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # Whatever the host's locale is; text is bytes already to Python 2.
            file.write(lines if str is bytes else lines.encode("utf-8", "replace"))
    except (OSError, UnicodeError):
        pass  # the web server's log has it, too
    sys.stderr.write(text + "\n")
    return ""


def _refuse(text, russian):
    """End with a line in STARTUP.txt; the web server tells the bank to ask again."""
    _note(text, russian)
    sys.exit(3)


def _look_around():
    """Refuse what would fail later, and less clearly."""
    if sys.version_info < (3, 10):
        _refuse(
            "Python %d.%d runs this, and 3.10 or newer is needed: choose it in the panel, in line "
            "1 of pay.cgi or pay.fcgi, or as PYTHON in passenger_wsgi.py" % sys.version_info[:2],
            "программу запускает Python %d.%d, а нужен 3.10 или новее: выберите его в панели, в "
            "строке 1 файла pay.cgi или pay.fcgi либо в PYTHON файла passenger_wsgi.py"
            % sys.version_info[:2],
        )
    docroot = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv[0].endswith("cgi") else ""
    settings = os.environ["CALLBACK_CONFIG"]
    if docroot and settings.startswith(docroot + os.sep):
        _refuse(
            settings + " stands inside the web folder, where anybody may read it: move it out",
            settings + " лежит внутри веб-папки, где его может прочесть кто угодно: уберите оттуда",
        )
    try:
        with open(settings, "rb"):
            pass
    except OSError as error:
        _refuse(
            "the settings cannot be read: %s; upload them as %s, mode 600, owned by the account"
            % (error, settings),
            "настройки не читаются: %s; загрузите их как %s, права 600, владелец — ваша учётная "
            "запись" % (_why(error), settings),
        )


def _load():
    """Import the application; whatever prevents it becomes one line."""
    planted = RELEASE != HOME and _planted(RELEASE)  # an upload by hand has other files beside it
    if planted:
        _refuse(
            "%s/%s was not built with the release: look who has put it there, take it away; a "
            "statement of your own belongs into instance/sql before flask release"
            % (RELEASE, planted),
            "%s/%s появился не при сборке выпуска: выясните, кто его туда положил, и уберите; свои "
            "операторы SQL кладут в instance/sql до flask release" % (RELEASE, planted),
        )
    try:
        import wsgi

        application = getattr(wsgi, "application", None) or wsgi.app
    except SystemExit as error:  # it said why, and this is where the text is
        reason = error.__context__ or error
        _refuse(str(reason), _russian(reason))
    except Exception as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        told = (type(error).__name__, error, where[0], where[1])
        _refuse("%s: %s (%s, line %s)" % told, "%s: %s (%s, строка %s)" % told)
    if RELEASE in (HOME, _folder(_named("CURRENT"))):
        _remove(os.path.join(HOME, "STARTUP.txt"))
    return application


def _why(error):
    """Say an error of the system in Russian."""
    return RUSSIAN.get(error.errno, str(error))


def _russian(error):
    """Say what the program has said, if it is there to say it."""
    try:
        from callback.tools.words import catalog_of, said

        return said(error, catalog_of("ru"))
    except Exception:
        return str(error)


if PYTHON and sys.executable != PYTHON:
    try:
        os.execl(PYTHON, PYTHON, *sys.argv)  # noqa: S606 - it is this program again
    except OSError as error:
        _refuse(
            "PYTHON in passenger_wsgi.py is %s: %s; ask the host" % (PYTHON, error.strerror),
            "PYTHON в passenger_wsgi.py — %s: %s; спросите хостинг" % (PYTHON, _why(error)),
        )

os.environ.setdefault("CALLBACK_CONFIG", SETTINGS)
_look_around()
RELEASE, RESTARTED = release(), _restarted()  # once: they may change at any moment
sys.path[:0] = [RELEASE, os.path.join(RELEASE, "vendor")]
application = _load()

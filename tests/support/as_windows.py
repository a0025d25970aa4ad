"""Runs a program without what Windows lacks: python as_windows.py MODULE-OR-FILE ARGUMENT…

Modules that are there on Unix alone cannot be imported, functions of `os` and signals are gone,
and a file is locked by the module that Windows has for it. The standard library's own needs stay.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import types
from pathlib import Path

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
FUNCTIONS = (
    *("chown", "chroot", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getgroups"),
    *("getloadavg", "getpgid", "getuid", "initgroups", "killpg", "lchown", "mkfifo", "mknod"),
    *("nice", "pread", "pwrite", "setgid", "setsid", "setuid", "statvfs", "uname"),
    *("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"),
)
SIGNALS = ("SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGCHLD", "setitimer")


def locking(file: int, mode: int, count: int) -> None:
    """What the module msvcrt has: mode 1 waits, 2 does not."""
    assert mode in (1, 2)
    assert count == 1
    os.fstat(file)


# What the standard library takes out of them when it is imported, it keeps.
import getpass  # noqa: E402, F401
import shutil  # noqa: E402
import socketserver  # noqa: E402, F401
import subprocess  # noqa: E402, F401
import tarfile  # noqa: E402, F401
import tempfile  # noqa: E402, F401
import zipfile  # noqa: E402, F401

import click._termui_impl  # noqa: E402, F401 - looks at the name of the system

# Newer Pythons remove folders by what is gone below; the newest choose that when they are imported.
vars(shutil)["_use_fd_functions"] = False
if "_rmtree_impl" in vars(shutil):
    vars(shutil)["_rmtree_impl"] = vars(shutil)["_rmtree_unsafe"]
for name in MODULES:
    sys.modules[name] = None  # type: ignore[assignment]  # an import of it is an ImportError
for name in FUNCTIONS:
    vars(os).pop(name, None)
for name in SIGNALS:
    vars(signal).pop(name, None)
windows = types.ModuleType("msvcrt")
vars(windows).update(LK_LOCK=1, LK_NBLCK=2, locking=locking)
sys.modules["msvcrt"] = windows

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path.cwd())
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

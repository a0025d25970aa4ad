"""A hosting account as it is on its first day: an empty web folder, a login, nothing else.

Its owner is a user of this machine who comes with it and goes with it, for web servers, FTP and
SSH let in and switch to real users only.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.certificates import make_certificates
from tests.support.receivers import FTPS, PASSWORD, SFTP
from tests.support.web_servers import Site

if TYPE_CHECKING:
    from typing_extensions import Self

OWNER = "callback-tests"
PAM = Path("/etc/pam.d") / OWNER


class Account(Site):
    """The web folder is public_html; with Passenger, what the panel was told."""

    def __init__(self) -> None:
        super().__init__("")
        self.user, self.group = OWNER, "nogroup"

    def __enter__(self) -> Self:
        add = ["useradd", "--system", "-M", "-N", "-g", self.group, "-d", "/", "-s", "/bin/sh"]
        subprocess.run([*add, OWNER], check=True)
        subprocess.run(["chpasswd"], input=f"{OWNER}:{PASSWORD}\n", text=True, check=True)
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        with suppress(FileNotFoundError):
            super().__exit__()
        subprocess.run(["userdel", OWNER], check=True, capture_output=True)

    def docroot(self, entry: str) -> Path:
        return self.home / "public" if entry == "passenger" else self.folder / "public_html"

    def own(self) -> None:
        """All of it is the account's."""
        shutil.chown(self.folder, self.user, self.group)
        public = self.folder / "public_html"
        subprocess.run(["chown", "-R", f"{self.user}:{self.group}", public], check=True)

    def _fill(self) -> None:
        self.folder.chmod(0o755)
        make_certificates(self.folder)
        public = self.folder / "public_html"
        public.mkdir()
        (public / "index.html").write_text("<h1>This site is under construction</h1>\n")
        self.own()


class AccountFTP(FTPS):
    """vsftpd as hosts have it: the account's own rights, files that only their owner may read."""

    def __init__(self, account: Account, **options: Any) -> None:
        folder = account.room()
        (folder / "empty").mkdir()
        PAM.write_text("auth required pam_unix.so\naccount required pam_unix.so\n")
        super().__init__(
            folder,
            anonymous_enable="NO",
            secure_email_list_enable="NO",
            local_enable="YES",
            pam_service_name=OWNER,
            run_as_launching_user="NO",
            local_root=account.folder,
            chroot_local_user="YES",
            allow_writeable_chroot="YES",
            local_umask="077",
            secure_chroot_dir=folder / "empty",
            nopriv_user="nobody",
            **options,
        )

    def __exit__(self, *error: object) -> None:
        super().__exit__(None, None, None)
        PAM.unlink()


class AccountSSH(SFTP):
    """sshd, which lets the account in with a key."""

    def __init__(self, account: Account) -> None:
        self.folder = account.room()
        self.user = account.user
        super().__init__(self.folder)

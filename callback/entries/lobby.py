"""Where callers on a port wait until they have said all: no thread waits for them, so no bank does.

Without a web server in front, who dribbles his request or says nothing would hold one of a worker's
few threads. Here he is a descriptor and a few bytes. A thread gets a link when its request is
there, and gives it back with the answer: who does not fetch a long one, or does not leave, is
waited for here, too. Each wait has an end, and there is room for so many: the oldest goes.

To gunicorn's worker it is one more listener (deploy/gunicorn.conf.py). It needs Linux: epoll.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from collections import Counter
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from callback.entries.heard import Heard
from callback.limits import (
    ARRIVAL_S,
    FETCH_BYTES,
    FETCH_S,
    LEAVE_S,
    LINKS,
    LINKS_OF_ONE,
    MAX_BODY,
)
from callback.request import waited
from callback.signature import ip_of, one_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

    Greet = Callable[["Link"], "TLSLink"]
    Note = Callable[[str, Exception], None]

PIECE = 65536
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
NOBODY = (errno.EAGAIN, errno.ECONNABORTED)  # another worker was faster, or he has left
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# After so many events a thread lets its worker know that it is well.
EVENTS = 256


class _Kept:
    """What a link carries from the lobby to the thread that gets it, and back."""

    lobby: Lobby
    listener: Any
    address: Any
    ahead = b""  # what was read of it already
    is_whole = False  # and nothing more is wanted of it
    is_endless = False  # a head that is longer than any
    was_encouraged = False  # to send its body
    end = 0.0  # of what is still to come, by the monotonic clock
    came: float | None = None  # with TLS: when its call began, as the bank counts
    rest = memoryview(b"")  # of the answer

    def sendall(self, answer: Any, _: int = 0) -> None:
        """Send what goes at once; for the rest no thread waits."""
        self.rest = memoryview(bytes(self.rest) + bytes(answer))
        self.flush()

    def flush(self) -> None:
        """Send on, as much as goes."""
        link: Any = self
        link.setblocking(False)
        with suppress(*NOT_YET):
            while self.rest:
                self.rest = self.rest[link.send(self.rest) :]


class Link(_Kept, socket.socket):
    """One that speaks HTTP."""


class TLSLink(_Kept, ssl.SSLSocket):
    """One that speaks it over TLS."""


class _Guest:
    """Somebody who is waited for; `go_on` says who he is then, or gives the link to a thread.

    EOFError, OSError: he has left.
    """

    wants = select.EPOLLIN
    place = ""

    def __init__(self, link: Link | TLSLink, wait_s: float) -> None:
        self.link = link
        self.end = time.monotonic() + wait_s

    def go_on(self) -> _Guest | Link | TLSLink:
        raise NotImplementedError


class _Talker(_Guest):
    """A caller who has not said all."""

    def __init__(self, link: Link | TLSLink) -> None:
        super().__init__(link, ARRIVAL_S)
        self.place = _place(link.address[0])
        self.heard = Heard()
        self.greeted_at = 0.0  # with TLS, while nothing has been said behind the greeting

    def go_on(self) -> Self | Link | TLSLink:
        try:
            while piece := self.link.recv(PIECE):
                if self.greeted_at:
                    self._begin()
                if self.heard.is_all(piece):
                    return self._whole(is_whole=not self.heard.is_long)
        except NOT_YET:
            if time.monotonic() < self.end:
                self._encourage()
                self._note_greeting()
                return self
        if not self.heard.said:
            raise EOFError("nothing came")
        return self._whole(is_whole=True)  # what is missing does not come any more

    def _encourage(self) -> None:
        if self.heard.awaits_word and not self.link.was_encouraged:
            self.link.was_encouraged = True
            self.link.send(CONTINUE)

    def _note_greeting(self) -> None:
        is_silent = self.link.came is not None and not (self.heard.said or self.greeted_at)
        if is_silent and isinstance(self.link, TLSLink) and self.link.version():
            self.greeted_at = time.monotonic()

    def _begin(self) -> None:
        """Leave out of a call's age what he was silent for behind the greeting: it began later."""
        silent_s = time.monotonic() - waited(self.link) - self.greeted_at
        self.link.came = (self.link.came or 0.0) + max(0.0, silent_s)
        self.greeted_at = 0.0

    def _whole(self, *, is_whole: bool) -> Link | TLSLink:
        link = self.link
        link.ahead, link.is_whole = bytes(self.heard.said), is_whole
        link.is_endless = self.heard.is_endless
        link.end = time.monotonic() + ARRIVAL_S  # of a long body
        return link


class _Fetcher(_Guest):
    """One who has not got all of his answer yet."""

    wants = select.EPOLLOUT

    def __init__(self, link: Link | TLSLink) -> None:
        super().__init__(link, FETCH_S)

    def go_on(self) -> _Guest:
        self.link.flush()
        return self if self.link.rest else _Leaver(self.link).go_on()


class _Leaver(_Guest):
    """One who has: what he still sends to a link that is closed would destroy the answer."""

    def __init__(self, link: Link | TLSLink) -> None:
        super().__init__(link, LEAVE_S)
        self.unread = MAX_BODY
        link.shutdown(socket.SHUT_WR)

    def go_on(self) -> Self:
        try:
            while piece := socket.socket.recv(self.link, PIECE):
                self.unread -= len(piece)
                if self.unread < 0:
                    break
        except NOT_YET:
            return self
        raise EOFError


class Lobby:
    """All who are waited for on the ports of a worker."""

    def __init__(self, ports: Iterable[Any], greet: Greet | None, note: Note) -> None:
        """`greet` begins TLS; `note` takes the address of one with whom that fails, and why."""
        self._greet, self._note = greet, note
        self._ports = {port.fileno(): port for port in ports}
        self._guests: dict[int, _Guest] = {}
        self._places: Counter[str] = Counter()
        self._lock = Lock()
        self._epoll = select.epoll()
        for number, port in self._ports.items():
            port.setblocking(False)
            self._epoll.register(number, select.EPOLLIN)

    def fileno(self) -> int:
        """Ready when somebody comes, or goes on."""
        return self._epoll.fileno()

    def setblocking(self, _: bool, /) -> None:
        """Nobody is waited for here, whatever a listener is told."""

    def accept(self) -> tuple[Link | TLSLink, Any]:
        """Give a thread a link whose request is there; BlockingIOError when none is."""
        with self._lock:
            for _ in range(EVENTS):
                if not (events := self._epoll.poll(0, 1)):
                    break
                number = events[0][0]
                guest = self._guests.get(number) or self._let_in(self._ports[number])
                if guest and (link := self._go_on(guest)):
                    return link, link.address
        raise BlockingIOError(errno.EAGAIN, "nobody has said all")

    def see_off(self, link: Link | TLSLink) -> None:
        """Take back a link that was answered."""
        with self._lock:
            if link.fileno() < 0 or link.fileno() in self._guests:
                return
            try:
                link.setblocking(False)
                guest = _Fetcher(link) if link.rest else _Leaver(link)
            except OSError:  # he has gone
                link.close()
            else:
                self._go_on(guest)

    def tidy(self) -> None:
        """End what has an end: what a caller has said by then is read before he is left."""
        now = time.monotonic()
        with self._lock:
            for guest in [guest for guest in self._guests.values() if guest.end < now]:
                if isinstance(guest, _Talker):  # a thread looks at him once more
                    self._epoll.modify(guest.link, select.EPOLLIN | select.EPOLLOUT)
                else:
                    self._drop(guest)

    def close(self) -> None:
        """Let nobody else in."""
        with self._lock:
            while self._ports:
                self._epoll.unregister(self._ports.popitem()[0])

    def is_left(self, end: float) -> bool:
        """Whether nobody is here for whom one waits until `end`, or until he has his answer."""
        guests = list(self._guests.values())
        waits = time.monotonic() < end
        return not (guests if waits else [guest for guest in guests if guest.link.rest])

    def _let_in(self, port: Any) -> _Talker | None:
        try:
            client, address = port.accept()
        except OSError as error:
            if error.errno in NO_ROOM and self._guests:
                self._drop(next(iter(self._guests.values())))
            elif error.errno not in NOBODY:
                raise
            return None
        came = time.monotonic() - waited(client)
        bare = Link(client.family, client.type, client.proto, client.detach())
        bare.setblocking(False)
        try:
            link = self._greet(bare) if self._greet else bare
        except OSError as error:
            self._note(address[0], error)
            bare.close()
            return None
        link.came = came if self._greet else None  # what comes behind a greeting is younger
        link.listener, link.address, link.lobby = port, address, self
        return _Talker(link)

    def _go_on(self, guest: _Guest) -> Link | TLSLink | None:
        """The link, if it is a thread's now."""
        try:
            now = guest.go_on()
        except (OSError, EOFError) as error:
            if isinstance(guest.link, TLSLink) and guest.place and not guest.link.version():
                self._note(guest.link.address[0], error)
            self._drop(guest)
            return None
        if now is not guest:
            self._forget(guest)
        if not isinstance(now, _Guest):
            return now
        if now.link.fileno() not in self._guests:
            self._seat(now)
        return None

    def _seat(self, guest: _Guest) -> None:
        number = guest.link.fileno()
        self._guests[number] = guest
        self._places[guest.place] += 1
        self._epoll.register(number, guest.wants)
        if guest.link.rest:
            self._make_room_for_answers()
        elif guest.place and self._places[guest.place] > LINKS_OF_ONE:
            self._drop_first(lambda other: other.place == guest.place)
        elif len(self._guests) > LINKS:
            self._drop_first(lambda other: not other.link.rest)

    def _make_room_for_answers(self) -> None:
        """Only a bank that has proved itself, or the office, gets one that does not go at once."""
        while sum(len(guest.link.rest) for guest in self._guests.values()) > FETCH_BYTES:
            self._drop_first(lambda other: len(other.link.rest) > 0)

    def _drop_first(self, is_meant: Callable[[_Guest], bool]) -> None:
        for guest in filter(is_meant, list(self._guests.values())):
            self._drop(guest)
            return

    def _drop(self, guest: _Guest) -> None:
        self._forget(guest)
        guest.link.close()

    def _forget(self, guest: _Guest) -> None:
        if self._guests.pop(guest.link.fileno(), None):
            self._epoll.unregister(guest.link.fileno())
            self._places[guest.place] -= 1
            if not self._places[guest.place]:
                del self._places[guest.place]


@lru_cache(LINKS)
def _place(address: str) -> str:
    """Whose a link is; where there is no address, what stands for it."""
    ip = ip_of(address.partition("%")[0])
    return address if ip is None else one_caller(ip)

"""The way from the product to its database, which a test cuts or makes swallow everything."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Wire:
    """Passes on what comes over TCP to a server on a Unix socket, while it is whole.

    Swallowing, it still accepts connections, and answers nothing on any of them.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._whole = threading.Event()
        self._whole.set()
        self._is_ended = False
        self._open: set[socket.socket] = set()
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Return where it listens on this machine."""
        return int(self._listener.getsockname()[1])

    @contextmanager
    def swallowing(self) -> Iterator[None]:
        """Answer nothing within the block; afterwards what was open then is cut."""
        before = set(self._open)
        self._whole.clear()
        try:
            yield
        finally:
            for end in before | self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._whole.set()

    def end(self) -> None:
        """Accept nothing more, and cut what is open."""
        self._is_ended = True
        self._listener.close()
        self._whole.set()
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.add(client)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            self._whole.wait()
            server.connect(str(self._server))
            self._pass_on(client, server)
        self._open.discard(client)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    self._whole.wait()
                    source: socket.socket = key.fileobj  # type: ignore[assignment]  # one of these two
                    said = source.recv(65_536)
                    if not said:
                        return
                    key.data.sendall(said)

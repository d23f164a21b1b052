"""The public keys that the application signs its tokens with: a JWKS, in a file or at a URL."""

import json
import logging
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx
from jwt import PyJWK, PyJWKSet, PyJWTError

logger = logging.getLogger(__name__)

# Asymmetric ones only: a key set never holds a secret, so no token of HS256 is verified by it.
ALGORITHMS = frozenset({"RS256", "ES256"})
FRESH_SECONDS = 300
# Tokens with made-up key ids must not make us ask the key server at each of them.
PAUSE_SECONDS = 10
TIMEOUT_SECONDS = 2
LARGEST = 256 * 1024
# The file, the key server, the JSON, the keys in it.
CANNOT_READ = (
    OSError,
    httpx.HTTPError,
    httpx.InvalidURL,
    ValueError,
    RecursionError,
    PyJWTError,
)


class Unavailable(Exception):
    """The key set cannot be read, and what was read before does not have the key."""


class Unknown(Exception):
    """The key set has no such key."""


class KeySet:
    """The keys of one JWKS. A known key costs no I/O; an unknown one makes it look again."""

    def __init__(self, source: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: tuple[PyJWK, ...] = ()
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._is_broken = False

    def key(self, key_id: str | None) -> PyJWK:
        """Return the key with this id; without an id, the only key. Raises Unknown, Unavailable."""
        found = self._find(key_id)
        if found is not None and self._monotonic() - self._read_at < FRESH_SECONDS:
            return found
        # Who has a key does not wait for the one who looks for a newer.
        if self._lock.acquire(blocking=found is None):
            try:
                self._read_again_unless_just_done()
            finally:
                self._lock.release()
        # Keys that were good stay good while their server is away.
        found = self._find(key_id)
        if found is not None:
            return found
        if self._is_broken:
            raise Unavailable
        raise Unknown

    def _find(self, key_id: str | None) -> PyJWK | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _read_again_unless_just_done(self) -> None:
        now = self._monotonic()
        if now - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = _keys_of(_text_of(self._source))
            self._read_at = now
            self._is_broken = False
        except CANNOT_READ as error:
            self._is_broken = True
            logger.warning("token.keys_unavailable", extra={"reason": type(error).__name__})


@lru_cache(maxsize=4)
def key_set(source: str) -> KeySet:
    """Return the one key set of this file or URL in this process."""
    return KeySet(source)


def _text_of(source: str) -> str:
    if not source.startswith(("https://", "http://")):
        return Path(source).read_text()
    # No redirects and no proxy from the environment: the keys come from where the setting says.
    with (
        httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client,
        client.stream("GET", source, headers={"Accept": "application/json"}) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise ValueError("the key server did not answer 200")
        body = b""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LARGEST or time.monotonic() > deadline:
                raise ValueError("the key set is too large, or comes too slowly")
    return body.decode()


def _keys_of(text: str) -> tuple[PyJWK, ...]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("the key set is no JSON object")
    keys = PyJWKSet.from_dict(document)
    return tuple(key for key in keys if key.algorithm_name in ALGORITHMS)

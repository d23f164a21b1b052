"""Say which texts are judged alike: those that differ in nothing but the ids in them.

A provider that fails answers every call by the same words and an id of its own.
"""

import re
from hashlib import blake2b

from integrations_health.secret_names import CLOSED_ENDINGS, OPEN_ENDINGS, bare

# In quotes, long, with a letter and more than two digits: no word that is known has these, so it is
# marked, whatever stands beside it.
_ID = re.compile(r'"(?=[A-Za-z0-9_-]*[A-Za-z])(?=(?:[A-Za-z_-]*[0-9]){3})([A-Za-z0-9_-]{8,100})"')
_ANY = '"an-id-000"'


def of(text: str) -> str:
    """Return what `text`, as it is without its escapes, has in common with those judged alike.

    The same of two texts means the same judgement.
    """
    return _ID.sub(_without_id, text) if '"' in text else text


def digest(*texts: str) -> bytes:
    """Return what tells these texts, in this order, from any others."""
    told_apart = "".join((*(f"{len(text)}," for text in texts), *texts))
    return blake2b(told_apart.encode(errors="surrogatepass"), digest_size=16).digest()


def _without_id(found: re.Match[str]) -> str:
    # What ends as the name of a secret changes what is thought of the next word.
    is_name = bare(found[1]).endswith(OPEN_ENDINGS + CLOSED_ENDINGS)
    return found[0] if is_name else _ANY

"""The one door between a provider's words and our database, logs and screens."""


class SafeText(str):
    """Text that went through `redact`, and through nothing else."""

    __slots__ = ()


def redact(text: str, *, limit: int = 300) -> SafeText:
    raise NotImplementedError

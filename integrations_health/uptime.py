"""The one rule by which pages and the API say for how much of the time something worked."""


def percent(observed: float, down: float) -> float:
    """Return the part of the observed time that was not down, to a tenth.

    Only what was never down is 100, and only what was always down is 0.
    """
    rounded = round(100 * (observed - down) / observed, 1)
    return min(max(rounded, 0.1), 99.9) if 0 < down < observed else rounded

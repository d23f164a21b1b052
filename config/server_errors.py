"""What goes wrong when a server is started."""


class CannotStart(Exception):
    """A server could not be started; the text is one sentence that says what to do."""

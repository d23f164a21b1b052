"""Run a management command as a person does, and keep what it says."""

import io
from typing import NamedTuple

from django.core.management import CommandError, call_command


class Ran(NamedTuple):
    """What a command said, and why it stopped, if it did."""

    out: str
    err: str
    error: str


def run(name: str, *arguments: str) -> Ran:
    """Run a command; a traceback is no answer, so only CommandError is caught."""
    out, err, error = io.StringIO(), io.StringIO(), ""
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except CommandError as stopped:
        error = str(stopped)
    return Ran(out.getvalue(), err.getvalue(), error)

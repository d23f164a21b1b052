"""A process may hold as many sockets as the system allows it."""

import subprocess
import sys

SCRIPT = """
import resource
from config import open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
open_files.allow_many()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(hard=4_000)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "(4000, 4000)"

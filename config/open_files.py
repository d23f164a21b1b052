"""Let a process hold as many sockets open as the system allows it."""

import resource

# Beyond this the kernel's own tables would be the next limit.
ENOUGH = 65_536


def allow_many() -> None:
    """Raise the soft limit of open files, 1,024 on most systems, towards the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

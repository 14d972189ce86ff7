"""A lock that a dead process does not keep, on a file that goes with it.

The operating system holds it for an open file and drops it with the process, however
that ends: `flock` on Linux and macOS, `msvcrt.locking` on Windows. Over a network it is
worth what the file system makes of it: NFS 4 and SMB pass such locks on by default,
others keep them to one machine, and some have none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_NO_LOCKS = frozenset(
    {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
)
_LOOK_AGAIN_S = 0.05
# Of a file system whose files change their number while they are open: no more tries.
_MAX_REMOVED = 100

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    _IS_TAKEN = frozenset({errno.EACCES, errno.EDEADLK})
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _IS_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK})


@contextlib.contextmanager
def held(path: Path, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold a lock for as long as the block lasts; tell whether it was to be had.

    Where the file system has no locks it always is.

    Parameters
    ----------
    wait_s
        How long to wait for whoever has it.
    """
    until_s = time.monotonic() + wait_s
    while (file := _try(path)) is None and time.monotonic() < until_s:
        time.sleep(_LOOK_AGAIN_S)
    if file is None:
        yield False
        return
    try:
        yield True
    finally:
        _drop(file, path)


def _try(path: Path) -> int | None:
    for n_removed in range(_MAX_REMOVED + 1):
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            if sys.platform != "win32":
                raise
            return None  # about to be removed by whoever had it
        try:
            _take(file)
        except OSError as error:
            if error.errno in _IS_TAKEN:
                os.close(file)
                return None
            if error.errno not in _NO_LOCKS:
                os.close(file)
                raise
        if _is_there(file, path) or n_removed == _MAX_REMOVED:
            return file
        os.close(file)  # removed by whoever had it before, after we opened it
    return None


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _drop(file: int, path: Path) -> None:
    """Remove the file while it is still locked, or, on Windows, once it is closed."""
    if sys.platform != "win32":
        path.unlink(missing_ok=True)
    os.close(file)
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            path.unlink()

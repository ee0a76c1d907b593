"""What if the disk is full, or may not be written? One line that names the folder which was to be written.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_disk_faults.py, tests/faults/test_disk.py

The system's own line names a file that nobody asked for, in a folder that is gone by then, or none at all.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OF_A_DISK = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG),
)


@contextmanager
def disk_faults_named(folder: Path) -> Iterator[None]:
    """An OSError of another kind, say of an encoder that asks a server, goes through as it is."""
    try:
        yield
    except OSError as error:
        if error.errno not in OF_A_DISK:
            raise
        raise ValueError(f"{folder}: cannot be written ({error.strerror})") from None

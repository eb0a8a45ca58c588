"""How many flushes one workload asks the disk for, counted where SQLite asks for them.

The kernel counts those of all programs together, so this hooks into the file layer (VFS) of the
SQLite library that Python uses. The hook costs time, so it counts in a run of its own, in a
process of its own: ``python -m benchmarks.own_flushes WORKLOAD WHOSE COUNT DURABILITY FOLDER``.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_void_p
from pathlib import Path
from typing import Any, cast

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("path_size", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        *((name, c_void_p) for name in ("close", "read", "write", "truncate", "sync")),
        ("others", c_void_p * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", POINTER(_Methods)),)


class FlushCounter:
    """Counts the syncs that SQLite asks for, of files that are opened from now on.

    Raises:
        OSError: Python's SQLite is no shared library.
    """

    def __init__(self) -> None:
        self.count = 0
        maps = Path("/proc/self/maps").read_text().split()
        names = [word for word in maps if "libsqlite3" in word]
        if not names:
            raise OSError("Python's SQLite is no shared library")
        library = ctypes.CDLL(names[0])
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        # Whatever C code points to has to stay.
        self._kept: list[Any] = [_OPEN(vfs.open)]
        self._replaced: dict[int, _Methods] = {}
        hook = _OPEN(self._open)
        self._kept.append(hook)
        vfs.open = ctypes.cast(hook, c_void_p).value

    def _open(self, vfs: int, name: int, file: int, flags: int, out_flags: int) -> int:
        result: int = self._kept[0](vfs, name, file, flags, out_flags)
        handle = _File.from_address(file)
        if result == 0 and handle.methods:
            address = ctypes.addressof(handle.methods.contents)
            if address not in self._replaced:
                self._replaced[address] = self._counting(handle.methods.contents)
            handle.methods = ctypes.pointer(self._replaced[address])
        return result

    def _counting(self, original: _Methods) -> _Methods:
        sync = _SYNC(original.sync)

        def count(file: int, flags: int) -> int:
            self.count += 1
            found: int = sync(file, flags)
            return found

        copy = _Methods.from_buffer_copy(original)
        hook = _SYNC(count)
        copy.sync = ctypes.cast(hook, c_void_p).value
        self._kept += [sync, hook, copy]
        return copy


def flushes_per_message(workload: str, whose: str, *, count: int, durability: str, folder: Path) -> float | None:
    """Return the flushes of a workload for each message or call; None where they cannot be counted.

    Args:
        workload: One of ``WORKLOADS``.
        whose: ``ours`` or ``floor``.
        count: Messages, calls or process instances.
        durability: ``full`` or ``normal``.
        folder: Where the data is written.
    """
    few = max(1, count // 20)
    found = [_count(workload, whose, number, durability, folder) for number in (few, few + count)]
    if None in found:
        return None
    less, more = cast("list[int]", found)
    return (more - less) / count  # so that start and stop do not count


def _count(workload: str, whose: str, count: int, durability: str, folder: Path) -> int | None:
    command = [sys.executable, "-m", "benchmarks.own_flushes", workload, whose, str(count), durability, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=Path(__file__).parents[1])
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


def main() -> None:
    """Run a workload once and print how many flushes SQLite asked for."""
    from benchmarks.workloads import WORKLOADS

    workload, whose, count, durability, folder = sys.argv[1:6]
    counter = FlushCounter()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        getattr(WORKLOADS[workload], whose)(Path(place), int(count), durability)
    print(counter.count)


if __name__ == "__main__":
    main()

"""Uploaded code on the disk: each upload is a folder of its own, and a link says which one counts.

Below a folder ``target`` there is the link ``target/<package>`` and, hidden, one folder for each
of the last uploads. The link is replaced in one step, so that there is always a whole package.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from iop_core.errors import BackendError, UnsupportedByBackendError
from iop_server.refusals import RefusedRequestError

FOLDER = ".iop-releases"
KEPT = 3
_NEW = ".new-"


class Releases:
    """The uploads of one package.

    Args:
        target: Folder with the link; made when needed.
        package: Name of the link.
    """

    def __init__(self, target: Path, package: str) -> None:
        self.link = target / package
        self._folder = target / FOLDER / package

    def write(self, files: Mapping[str, bytes], digest: str, now: datetime) -> Path:
        """Write files into a new folder and return it; the link stays as it is.

        Args:
            files: Checked names to bytes.
            digest: What is in them, for the name of the folder.
            now: When, for the name of the folder.

        Raises:
            BackendError: They cannot be written; nothing is left of them.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = Path(tempfile.mkdtemp(dir=self._folder, prefix=_NEW))
            try:
                for name, content in files.items():
                    _write(new / name, content)
                final = self._folder / f"{now:%Y%m%dT%H%M%S.%f}-{digest[:12]}"
                new.rename(final)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
            return final
        except OSError as exc:
            raise BackendError(
                f"the upload cannot be written below {str(self._folder)!r}: {exc.strerror or exc}"
            ) from exc

    def current(self) -> Path | None:
        """Return the folder the link leads to, None when there is no link.

        Raises:
            RefusedRequestError: 409: something else is where the link should be.
        """
        if not os.path.lexists(self.link):
            return None
        if not self.link.is_symlink():
            raise _in_the_way(self.link)
        found = (self.link.parent / os.readlink(self.link)).absolute()
        if found.parent != self._folder.absolute():
            raise _in_the_way(self.link)
        return found

    def switch(self, release: Path | None) -> None:
        """Have the link lead to another folder, in one step; None: remove the link.

        Raises:
            UnsupportedByBackendError: This system has no links.
            BackendError: It cannot be written; it is as before.
        """
        try:
            if release is None:
                self.link.unlink(missing_ok=True)
                return
            new = self._folder / f"{_NEW}link"
            new.unlink(missing_ok=True)
            try:
                new.symlink_to(Path(os.path.relpath(release, self.link.parent)), target_is_directory=True)
            except (OSError, NotImplementedError) as exc:
                raise UnsupportedByBackendError(
                    f"uploads need symbolic links, which cannot be made in {str(self._folder)!r}: {exc}"
                ) from exc
            os.replace(new, self.link)
        except OSError as exc:
            raise BackendError(f"the link {str(self.link)!r} cannot be replaced: {exc.strerror or exc}") from exc

    def remove(self, release: Path) -> None:
        """Remove the folder of an upload."""
        if release.parent == self._folder:
            shutil.rmtree(release, ignore_errors=True)

    def prune(self) -> None:
        """Remove all but the last folders; the one the link leads to stays, and so does one that is being written."""
        current = self.current()
        whole = sorted(path for path in self._folder.iterdir() if not path.name.startswith(_NEW))
        for old in whole[:-KEPT]:
            if current is None or old.name != current.name:
                self.remove(old)


def folder_for(root: Path, remote_folder: str, namespace: str) -> Path:
    """Return the folder an upload goes to: below the root, whatever links there are.

    Args:
        root: The upload root.
        remote_folder: What was asked for: an absolute path; empty: a folder for the namespace.
        namespace: The namespace.

    Raises:
        RefusedRequestError: 403: it is not below the root.
    """
    real_root = root.resolve()
    if not remote_folder:
        return real_root / namespace.lower()
    given = Path(remote_folder)
    if "\0" in remote_folder or not given.is_absolute() or ".." in given.parts:
        raise _outside(remote_folder)
    try:
        found = given.resolve()
    except (OSError, RuntimeError, ValueError) as exc:  # such as links that lead in a circle
        raise _outside(remote_folder) from exc
    is_below = found == real_root or real_root in found.parents
    # Nor inside of another upload, which a link may lead to.
    if not is_below or FOLDER in found.relative_to(real_root).parts:
        raise _outside(remote_folder)
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # "x": never over or through something that is there.
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _in_the_way(link: Path) -> RefusedRequestError:
    return RefusedRequestError(
        409,
        "in-the-way",
        f"{str(link)!r} was not made by an upload, so it is left alone; move it, or use another package",
    )


def _outside(folder: str) -> RefusedRequestError:
    return RefusedRequestError(
        403, "outside", f"remote_folder {folder[:200]!r} is not below the folder that the server keeps uploads in"
    )

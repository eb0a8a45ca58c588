"""The entry point of ``iop``.

Nothing is imported here that ``iop --version`` does not need, and an interrupt at any moment
ends with the exit code that is documented for it.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process; ends by SystemExit."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that cannot show a character gets its code instead of an error.
            reconfigure(errors="backslashreplace")
    try:
        if sys.argv[1:] in (["-v"], ["--version"]):
            _print_versions(only_own=sys.argv[1] == "-v")
            sys.exit(0)
        from iop_cli.main import iop

        iop(prog_name="iop")
    except KeyboardInterrupt:
        from iop_cli.exit_codes import ExitCode

        sys.exit(ExitCode.INTERRUPTED)


def _print_versions(*, only_own: bool) -> None:
    from iop_cli.versions import installed_versions, own_version

    lines = [own_version()] if only_own else [f"{name} {version}" for name, version in installed_versions().items()]
    sys.stdout.write("".join(f"{line}\n" for line in lines))

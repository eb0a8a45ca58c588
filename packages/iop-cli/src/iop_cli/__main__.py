"""``python -m iop_cli`` is the same as ``iop``."""

from iop_cli.entry import main

if __name__ == "__main__":
    main()

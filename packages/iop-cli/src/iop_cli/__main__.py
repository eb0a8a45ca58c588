"""``python -m iop_cli`` is the same as ``iop``."""

if __name__ == "__main__":
    try:  # an interrupt may also come while the entry point is imported
        from iop_cli.entry import main

        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as ExitCode.INTERRUPTED, which would have to be imported

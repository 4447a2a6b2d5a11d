"""The door in Python: the cached answer first, the command line otherwise."""

from kubelogin_py import fastpath


def main() -> None:
    """Run the program and end the process."""
    try:
        fastpath.main()
        # Only now is there time for imports.
        import gc  # noqa: PLC0415 -- see above

        # They make no garbage, and looking for it takes a twentieth of a refresh.
        gc.disable()
        from kubelogin_py.cli.process import run  # noqa: PLC0415 -- see above
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()

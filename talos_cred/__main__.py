"""The door: a command behind a good certificate at once, the command line otherwise."""

import os
import sys

from talos_cred import fastrun


def main() -> None:
    """Run the program and end the process."""
    try:
        fastrun.main(sys.argv[1:], os.environ)
        # Only now is there time for imports.
        from talos_cred.cli.process import run  # noqa: PLC0415 -- see above
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()

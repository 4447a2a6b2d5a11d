"""The process that refreshes ahead: started beside an answer from the cache, with nobody listening.

It gets the command line that was answered, and environment variables with it. It says nothing, opens nothing, asks
nothing; what came of it is in the cache directory.
"""

import os
import sys
from contextlib import suppress


def main() -> None:
    """Refresh ahead and end the process."""
    if hasattr(os, "setsid"):
        # Away from the terminal, whose end would be ours. A child of a shell may be first in its group already.
        with suppress(OSError):
            os.setsid()
    with suppress(OSError):
        os.chdir("/")
    # Nobody is there to be told of anything.
    with suppress(Exception):
        run(tuple(sys.argv[1:]))
    os._exit(0)


def run(arguments: tuple[str, ...]) -> None:
    """Refresh ahead what a command line was answered with.

    :param arguments: the command line without the program.
    :raises Error: it could not be read, or the cache directory can't be used.
    """
    from kubelogin_py import wiring  # noqa: PLC0415 -- not before we have left the caller
    from kubelogin_py.cli.commands import find  # noqa: PLC0415 -- as above
    from kubelogin_py.cli.get_token import read_request  # noqa: PLC0415 -- as above
    from kubelogin_py.cli.options import options_of  # noqa: PLC0415 -- as above
    from kubelogin_py.compat import pflag  # noqa: PLC0415 -- as above
    from kubelogin_py.kubernetes.exec_credential import render  # noqa: PLC0415 -- as above

    command, rest = find(arguments, os.environ)
    rows = options_of(command.name, os.environ)
    request = read_request(rows, pflag.parse(rows, rest), os.environ)
    wiring.refresh_ahead(request.settings, arguments, lambda token, until: render(request.api_version, token, until))

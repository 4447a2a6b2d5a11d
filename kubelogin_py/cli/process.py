"""The program as a process: its streams, its signals, and how it ends."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from kubelogin_py.cli import fault, orphan
from kubelogin_py.cli.invocation import Credential, PublishedDocuments, SignedOut, SignIn, SignInToKubeconfig
from kubelogin_py.cli.main import INTERRUPTED, interrupted, main
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.settings import Settings

if TYPE_CHECKING:
    from kubelogin_py.doctor.finding import Finding
    from kubelogin_py.doctor.subject import Subject
    from kubelogin_py.storage.overview import Kept

# SIGHUP is missing on Windows, SIGBREAK elsewhere.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


def run(sign_in_with: Callable[[Callable[[], None]], SignIn] | None = None) -> NoReturn:
    """Run the command line of this process, and end the process.

    :param sign_in_with: returns what obtains a credential, given what a child that outlives us must call first;
        the wired application when left out.
    """
    stderr = Stderr()
    code = 1
    try:
        stdout = Stdout.claim()
        _end_as_by_ctrl_c()
        orphan.watch(os.environ)
        _keep_quiet()
        sign_in = (sign_in_with or _wired)(stdout.close)
        code = main(
            sys.argv[1:],
            os.environ,
            stdout=stdout,
            stderr=stderr,
            sign_in=sign_in,
            remember_answer=_remember_answer,
            sign_in_to_kubeconfig=_wired_to_kubeconfig(stdout.close),
            clean_directory=_clean_directory,
            clean_keyring=_clean_keyring,
            kept_sessions=_kept_sessions,
            sign_out=_sign_out,
            examine=_examine,
            provider_documents=_provider_documents,
        )
    except KeyboardInterrupt:
        interrupted(stderr)
        code = INTERRUPTED
    except BaseException as error:  # noqa: BLE001 -- a library may even raise SystemExit
        _tell_fault(stderr, error)
    finally:
        _leave(code)


def _wired(on_detach: Callable[[], None]) -> SignIn:
    def sign_in(settings: Settings, verbosity: int) -> Credential:
        # Help, the version and a mistyped command line need none of what this imports.
        from kubelogin_py.wiring import command_sign_in  # noqa: PLC0415 -- see above

        return command_sign_in(on_detach)(settings, verbosity)

    return sign_in


def _wired_to_kubeconfig(on_detach: Callable[[], None]) -> SignInToKubeconfig:
    def sign_in(settings: Settings, verbosity: int, kubeconfig: Path, user: str) -> Credential:
        from kubelogin_py.wiring import command_sign_in_to_kubeconfig  # noqa: PLC0415 -- as above

        return command_sign_in_to_kubeconfig(on_detach)(settings, verbosity, kubeconfig, user)

    return sign_in


def _clean_directory(directory: Path, verbosity: int) -> int:
    from kubelogin_py import wiring  # noqa: PLC0415 -- as above

    return wiring.clean_directory(directory, verbosity)


def _kept_sessions(directory: Path) -> Sequence["Kept"]:
    from kubelogin_py import wiring  # noqa: PLC0415 -- as above

    return wiring.kept_sessions(directory)


def _sign_out(
    settings: Settings,
    verbosity: int,
    key: str,
    environment: Mapping[str, str],
    browser: bool,  # noqa: FBT001 -- as ``SignOut`` has it
) -> SignedOut:
    from kubelogin_py.wiring.signing_out import sign_out  # noqa: PLC0415 -- as above

    return sign_out(settings, verbosity, key=key, environment=environment, browser=browser)


def _examine(subject: "Subject", verbosity: int) -> Sequence["Finding"]:
    from kubelogin_py.wiring.examining import examination  # noqa: PLC0415 -- as above

    return examination(subject, verbosity)


def _clean_keyring() -> None:
    from kubelogin_py import wiring  # noqa: PLC0415 -- as above

    wiring.clean_keyring()


def _provider_documents(settings: Settings, verbosity: int) -> PublishedDocuments:
    from kubelogin_py.wiring.signing_in import provider_documents  # noqa: PLC0415 -- as above

    return provider_documents(settings, verbosity)


def _remember_answer(
    settings: Settings, verbosity: int, arguments: Sequence[str], session_key: str, body: bytes
) -> object:
    # Loaded by then: there is a credential to remember.
    from kubelogin_py import wiring  # noqa: PLC0415 -- see above

    return wiring.remember_answer(settings, verbosity, arguments, session_key, body)


def _end_as_by_ctrl_c() -> None:
    """Let every request to end raise ``KeyboardInterrupt``; what was ignored at start-up (nohup) stays ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Whoever asks a second time does not want to wait for anything.
    for number in _ENDING:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def _keep_quiet() -> None:
    """Keep what concerns developers, not users, from being printed behind our back."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if os.environ.get(fault.VARIABLE) != "1":
        threading.excepthook = lambda _: None
        sys.unraisablehook = lambda _: None


def _tell_fault(stderr: Stderr, error: BaseException) -> None:
    stderr.lines(fault.lines(error, os.environ))


def _leave(code: int) -> NoReturn:
    """End at once: no thread that was left behind can delay the end or print."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)

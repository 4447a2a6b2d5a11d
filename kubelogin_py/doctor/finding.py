"""What a check found: passed, to be warned of, failed or left out, with the cause and the next command."""

from dataclasses import dataclass
from enum import StrEnum

from kubelogin_py.errors import Error
from kubelogin_py.text import printable

_LONGEST = 1000


class Status(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 -- the opposite of failing
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; every text is one line and fit for a terminal.

    :param check: stable name of the check, for programs.
    :param status: how it ended.
    :param found: what was found.
    :param cause: why that is so, or what follows from it; empty when there is nothing to add.
    :param next: what to do, a command where there is one; empty when there is nothing to do.
    """

    check: str
    status: Status
    found: str
    cause: str = ""
    next: str = ""


def passed(check: str, found: str) -> Finding:
    """Return the finding of something that is as it should be."""
    return _finding(check, Status.PASS, found)


def warned(check: str, found: str, cause: str, cure: str) -> Finding:
    """Return the finding of something that works, and somebody will miss."""
    return _finding(check, Status.WARN, found, cause, cure)


def failed(check: str, found: str, cause: str, cure: str) -> Finding:
    """Return the finding of something that keeps a person from the cluster."""
    return _finding(check, Status.FAIL, found, cause, cure)


def skipped(check: str, why: str) -> Finding:
    """Return the finding of a check that was left out."""
    return _finding(check, Status.SKIP, why)


def failed_by(check: str, error: Error, cause: str, otherwise: str) -> Finding:
    """Return the finding of something that ended in an error of ours.

    :param otherwise: what to do when the error itself does not say it.
    """
    return failed(check, error.message, cause, error.hint or otherwise)


def _finding(check: str, status: Status, *texts: str) -> Finding:
    return Finding(check, status, *(printable(text, _LONGEST) for text in texts))

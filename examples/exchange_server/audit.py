"""The audit log: a line of JSON for each decision, to a file or standard output."""

import datetime as dt
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from .settings import ConfigError

TEXT_LIMIT = 300
"""Characters kept of a text that came from outside."""

STDOUT = "-"

_OUTCOMES = {
    "auth_success": ("authentication", "token_validated", "success", "info"),
    "auth_failure": ("authentication", "token_refused", "failure", "warning"),
    "cert_issued": ("iam", "certificate_issued", "success", "info"),
    "cert_error": ("iam", "certificate_failed", "failure", "error"),
    "access_denied": ("iam", "certificate_denied", "failure", "warning"),
    "rate_limited": ("network", "request_refused", "failure", "warning"),
    "ip_denied": ("network", "request_refused", "failure", "warning"),
    "bad_request": ("web", "request_refused", "failure", "warning"),
    "provider_unreachable": ("authentication", "token_not_checked", "unknown", "error"),
}
"""Category, action, outcome and severity of each kind of event, in the words of the Elastic Common Schema."""

logger = logging.getLogger(__name__)


class AuditLog:
    """Where decisions are written, one line each. A line is written by one system call, and never half of it.

    :param path: file to append to, made with mode 0600; ``-`` is standard output.
    :param now: the time in seconds since 1970.
    :raises ConfigError: the file can't be opened.
    """

    def __init__(self, path: str, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        self._lock = threading.Lock()
        self._file = self._open()

    def write(self, kind: str, **about: object) -> None:
        """Write one event.

        :param kind: its type.
        :param about: what else is known; empty values are left out.
        :raises OSError: it could not be written.
        """
        category, action, outcome, severity = _OUTCOMES[kind]
        timestamp = dt.datetime.fromtimestamp(self._now(), dt.UTC).isoformat(timespec="milliseconds")
        event = {
            "timestamp": timestamp.replace("+00:00", "Z"),
            "type": kind,
            **{name.replace("__", "."): _shown(value) for name, value in about.items() if value not in (None, "", ())},
            "event.category": category,
            "event.action": action,
            "event.outcome": outcome,
            "severity": severity,
        }
        line = json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._file, line) :]

    def reopen(self) -> None:
        """Open the file again, after it was moved away to begin a new one."""
        if self._path == STDOUT:
            return
        try:
            fresh = self._open()
        except ConfigError as error:
            logger.warning("%s; going on with the old file", error)
            return
        with self._lock:
            old, self._file = self._file, fresh
        os.close(old)

    def close(self) -> None:
        """Close the file."""
        if self._path != STDOUT:
            os.close(self._file)

    def _open(self) -> int:
        if self._path == STDOUT:
            return sys.stdout.fileno()
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(f"can't write audit_log {self._path}: {error.strerror}") from None


def _shown(value: object) -> Any:
    return value[:TEXT_LIMIT] if isinstance(value, str) else value

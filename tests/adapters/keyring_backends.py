"""Backends for Python's ``keyring`` with the habits of real ones; named in ``PYTHON_KEYRING_BACKEND``.

They run in the helper process, so what a test wants to know of them is in files: ``KEYRING_TEST_DIRECTORY`` says where.
"""

import json
import os
import sys
import time
from pathlib import Path

from keyring import errors
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.compat.properties import classproperty


class File(KeyringBackend):
    """Keeps items in a file, and prints whatever comes to its mind."""

    priority = 5

    def get_password(self, service, username):
        sys.stdout.write('{"value": "printed, not answered"}\n')
        sys.stderr.write("chatter\n")
        os.system("echo chatter of a child")
        return self._items().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self._write({**self._items(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        items = self._items()
        if items.pop(f"{service}/{username}", None) is None:
            raise errors.PasswordDeleteError("not found")
        self._write(items)

    @property
    def _path(self):
        return Path(os.environ["KEYRING_TEST_DIRECTORY"], "items.json")

    def _items(self):
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def _write(self, items):
        self._path.write_text(json.dumps(items))


class Windows(File):
    """Takes no more than Windows' Credential Manager."""

    def set_password(self, service, username, password):
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data")
        super().set_password(service, username, password)


class Hanging(File):
    """Waits for a person who never comes; it says who it is, so that its end can be seen."""

    def get_password(self, service, username):
        Path(os.environ["KEYRING_TEST_DIRECTORY"], "pid").write_text(str(os.getpid()))
        time.sleep(600)


class Locked(File):
    def get_password(self, service, username):
        raise errors.KeyringLocked("Failed to unlock the collection!")


class Indiscreet(File):
    """Says in its error what it was to keep."""

    def set_password(self, service, username, password):
        raise ValueError(f"can't keep {password}")


class Crashing(File):
    def get_password(self, service, username):
        os._exit(3)


class Absent(File):
    """Finds out that it can't work here."""

    @classproperty
    def priority(cls):  # noqa: N805 -- a property of the class
        raise RuntimeError("no such service")


class Forgetful(File):
    """Takes everything and keeps nothing, as a read-only one that does not say so."""

    def set_password(self, service, username, password):
        pass


class PlaintextKeyring(File):
    """The name says it."""


class Disguised(PlaintextKeyring):
    """A plain text one under another name."""


class Chain(ChainerBackend):
    """Leads to a good one and to one in plain text."""

    backends = (File(), PlaintextKeyring())


class GoodChain(ChainerBackend):
    """Leads to good ones."""

    backends = (File(), Windows())

    def get_password(self, service, username):
        return self.backends[0].get_password(service, username)

"""A D-Bus session of its own with a real gnome-keyring in it, unlocked, locked, or with nothing at all."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import clean

PASSWORD = "testpw"

# Without a directory of services D-Bus starts nobody.
NO_SERVICES = """<busconfig>
<type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A running session.

    :param environment: the variables by which programs find it, beside those of a clean environment.
    """

    home: Path
    environment: dict[str, str]

    @property
    def whole_environment(self) -> dict[str, str]:
        """The environment of a program in this session."""
        return clean(self.home, **self.environment)

    def unlock(self, password: str = PASSWORD) -> None:
        """Start the daemon with a password, the first of which becomes that of the keyring."""
        subprocess.run(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--daemonize"],
            input=password.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.whole_environment,
            check=True,
            timeout=30,
        )

    def lock(self) -> None:
        """Lock the keyring, as the desktop does when it goes to sleep."""
        import secretstorage

        with closing(self._connection()) as connection:
            secretstorage.Collection(connection).lock()

    def add(self, service: str, account: str, secret: str) -> None:
        """Keep an item as zalando/go-keyring does, which int128/kubelogin uses."""
        import secretstorage

        with closing(self._connection()) as connection:
            attributes = {"username": account, "service": service}
            label = f"Password for '{account}' on '{service}'"
            secretstorage.Collection(connection).create_item(label, attributes, secret.encode(), replace=True)

    def accounts(self, service: str) -> list[str]:
        """Return the accounts of a service's items, once for each item."""
        import secretstorage

        with closing(self._connection()) as connection:
            items = secretstorage.Collection(connection).search_items({"service": service})
            return sorted(item.get_attributes()["username"] for item in items)

    def labels(self) -> list[str]:
        """Return the labels of all items."""
        import secretstorage

        with closing(self._connection()) as connection:
            return [item.get_label() for item in secretstorage.Collection(connection).get_all_items()]

    def _connection(self):
        from jeepney.io.blocking import open_dbus_connection
        from secretstorage import add_match_rules

        connection = open_dbus_connection(self.environment["DBUS_SESSION_BUS_ADDRESS"])
        add_match_rules(connection)
        return connection


@contextmanager
def session(root: Path, *, services: bool = True, **extra: str) -> Iterator[Session]:
    """Run a D-Bus session without a keyring daemon, which D-Bus starts, locked, for whoever asks for one.

    :param root: for its home and runtime directories.
    :param services: ``False`` for a session in which no keyring is installed.
    :param extra: more variables for programs that D-Bus starts, such as ``DISPLAY``.
    """
    home, runtime = root / "home", root / "run"
    home.mkdir(parents=True, exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {"XDG_RUNTIME_DIR": str(runtime), **extra}
    configuration = []
    if not services:
        (root / "session.conf").write_text(NO_SERVICES)
        configuration = [f"--config-file={root / 'session.conf'}"]
    process = subprocess.Popen(
        ["dbus-run-session", *configuration, "--", "sh", "-c", 'echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean(home, **environment),
    )
    # The end of its input ends the session, and everything in it that needs the bus.
    with process:
        assert process.stdout
        address = process.stdout.readline().decode().strip()
        assert address, "no session"
        yield Session(home, {**environment, "DBUS_SESSION_BUS_ADDRESS": address})
        assert process.stdin
        process.stdin.close()
        process.wait(30)


@contextmanager
def virtual_display() -> Iterator[str]:
    """Run an X server that nobody looks at, and yield its name for ``DISPLAY``."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x8", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.terminate()
        process.wait(30)

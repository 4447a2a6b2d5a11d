"""What the tests of the cache share: a console that remembers, sessions, and children with another umask or user."""

import json
import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.ports import Clock
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage import kernel_lock
from kubelogin_py.storage.disk import DiskStore

KEY = "a" * 64
OTHER_KEY = "b" * 64
LOGIN_KEY = "login-" + "c" * 64
NOBODY = 65534
ISSUER = "https://id.example.com"
ARGUMENTS = ("get-token", f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes")


@dataclass
class RememberingConsole:
    """Remembers what it was told."""

    lines: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def detail(self, level: int, line: str) -> None:
        self.details.append(line)

    @contextmanager
    def waiting(self, what: str, *, deadline: float) -> Iterator[None]:
        yield

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:
        raise AssertionError(f"nobody is asked anything here: {prompt}")


@dataclass
class ShiftedClock:
    """The system's clock, seen from a few seconds before or after."""

    shift: float = 0.0
    system: SystemClock = field(default_factory=SystemClock)

    def now(self) -> float:
        return self.system.now() + self.shift

    def monotonic(self) -> float:
        return self.system.monotonic()

    def sleep(self, seconds: float) -> None:
        self.system.sleep(seconds)


def disk_store(
    directory: Path | None,
    *,
    console: RememberingConsole | None = None,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
    try_lock: Callable[[int], bool] = kernel_lock.try_lock,
) -> DiskStore:
    """Return a disk store on the real file system."""
    return DiskStore(
        directory,
        console=console or RememberingConsole(),
        clock=clock or SystemClock(),
        environment=environment or {},
        try_lock=try_lock,
    )


def session(token: str = "id-token-1", *, lifetime: float = 600.0, clock: Clock | None = None) -> Session:
    """Return a session whose ID token expires a lifetime from now."""
    return Session(
        issuer=ISSUER,
        client_id="kubernetes",
        id_token=Secret(token),
        refresh_token=Secret(f"refresh-of-{token}"),
        expires_at=(clock or SystemClock()).now() + lifetime,
        lifetime=lifetime,
        scope="email openid",
        nonce_sha256="0" * 64,
    )


def credential(token: str = "id-token-1", version: str = "v1beta1") -> bytes:
    """Return an ExecCredential as the product prints it."""
    document = {
        "kind": "ExecCredential",
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "spec": {"interactive": False},
        "status": {"expirationTimestamp": "2099-01-01T00:00:00Z", "token": token},
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def text_of(directory: Path) -> bytes:
    """Return the names and contents of all files of a directory in one piece, to search for what must not be there."""
    return b"\n".join(
        os.fsencode(path.name) + b"\n" + path.read_bytes() for path in directory.iterdir() if path.is_file()
    )


def forked(work: Callable[[], object], *, user: int | None = None, umask: int | None = None) -> int:
    """Start work in a child and return its process id; it leaves with 0, with 1 after an exception.

    :param user: become this user first; only root can.
    """
    with warnings.catch_warnings():
        # The threads of a parallel test run do nothing here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        if umask is not None:
            os.umask(umask)
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        work()
        status = 0
    except BaseException:  # noqa: BLE001 -- the child ends here whatever happened
        traceback.print_exc()
    finally:
        os._exit(status)


def finished(child: int) -> int:
    """Wait for a child and return its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_child(work: Callable[[], object], *, user: int | None = None, umask: int | None = None) -> None:
    """Do work in a child and fail where it fails."""
    assert finished(forked(work, user=user, umask=umask)) == 0

"""A world in memory: every port with behaviour, around a provider in memory.

``Scene.events`` is what happened to the outside in its order: requests, saves, pages, lock and guard.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from kubelogin_py.documents import Documents
from kubelogin_py.errors import SignInError, StorageError, StrayCallbackError, UnansweredError
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.ports import KeptDocuments, World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Cache, Login, Provider, Settings
from kubelogin_py.verification import Verifier
from tests.support.fake_provider import CLIENT, ISSUER, FakeProvider

KEY = "5e" * 32
NOW = 1_800_000_000.0


class FakeClock:
    """Time that passes only when somebody sleeps; ``jump`` sets the wall clock alone."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.wrong_by = 0.0

    def now(self) -> float:
        return NOW + self.passed + self.wrong_by

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def jump(self, seconds: float) -> None:
        """Let somebody set the wall clock."""
        self.wrong_by += seconds


class FakeEntropy:
    """Different every time, of the real length, and known to the test."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self._numbers = count(1)

    def token(self) -> str:
        self.drawn.append(f"{next(self._numbers):0>6}".rjust(43, "x"))
        return self.drawn[-1]


class FakeConsole:
    """Remembers what the person was told, and answers what the test says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.details: list[tuple[int, str]] = []
        self.deadlines: list[float] = []
        self.prompts: list[tuple[str, bool]] = []
        self.waits: list[tuple[str, float]] = []
        self.answer: Callable[[], str] | None = None
        self.answers: dict[str, str] = {}

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def detail(self, level: int, line: str | Callable[[], str]) -> None:
        self.details.append((level, line if isinstance(line, str) else line()))

    @contextmanager
    def waiting(self, what: str, *, deadline: float) -> Iterator[None]:
        self.waits.append((what, deadline))
        yield

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:
        self.deadlines.append(deadline)
        self.prompts.append((prompt, visible))
        if prompt in self.answers:
            return Secret(self.answers[prompt])
        if self.answer is None:
            raise SignInError("input is needed, and the caller lends no terminal to ask on")
        return Secret(self.answer())

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.lines if line.startswith("warning: ")]

    @property
    def text(self) -> str:
        """Everything that is ever said, at any verbosity."""
        return "\n".join([*self.lines, *(line for _, line in self.details)])


class MemoryDocuments:
    """Keeps a provider's documents in memory."""

    def __init__(self) -> None:
        self.kept: KeptDocuments | None = None

    def load(self) -> KeptDocuments | None:
        return self.kept

    def save(self, kept: KeptDocuments) -> None:
        self.kept = kept

    def forget(self) -> None:
        self.kept = None


class MemoryStore:
    """Keeps sessions in memory; can be told that the disk is full."""

    def __init__(self, events: list[str]) -> None:
        self.sessions: dict[str, Session] = {}
        self.saved: list[Session] = []
        self.full = False
        self.locked = False
        self.deadlines: list[float] = []
        self.on_lock: Callable[[], None] = lambda: None
        self.on_save: Callable[[Session], None] = lambda _: None
        self._events = events

    def load(self, key: str) -> Session | None:
        return self.sessions.get(key)

    def save(self, key: str, session: Session) -> None:
        if self.full:
            self._events.append("save failed")
            raise StorageError("can't write to the cache: no space left on device", hint="free some space")
        refresh_token = session.refresh_token.reveal() if session.refresh_token else "nothing"
        self._events.append(f"save {refresh_token}{' as sent' if session.refresh_sent_at is not None else ''}")
        self.on_save(session)
        self.sessions[key] = session
        self.saved.append(session)

    def delete(self, key: str) -> None:
        if self.full:
            raise StorageError("can't delete from the cache: read-only file system")
        self._events.append("delete")
        self.sessions.pop(key, None)

    @contextmanager
    def lock(self, key: str, *, deadline: float, doing: str) -> Iterator[None]:
        self.deadlines.append(deadline)
        assert not self.locked, "a process that waits for itself waits for ever"
        self._events.append("lock")
        self.on_lock()
        self.locked = True
        try:
            yield
        finally:
            self.locked = False
            self._events.append("unlock")

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:
        return False


class FakeGuard:
    """Runs the work here and says when."""

    def __init__(self, events: list[str]) -> None:
        self._events = events

    def run(self, work: Callable[[], Any]) -> Any:
        self._events.append("guard")
        try:
            return work()
        finally:
            self._events.append("unguard")


class FakeCallback:
    """A callback whose queries come from the browser's visit to the provider."""

    def __init__(self, redirect_uri: str, scene: "Scene") -> None:
        self.redirect_uri = redirect_uri
        self.page: tuple[int, str] | None = None
        self.refused: list[str] = []
        self.deadline: float | None = None
        self._scene = scene

    def wait(self, accept: Callable[[str], Any], *, deadline: float) -> Any:
        self.deadline = deadline
        for query in self._scene.browser.queries:
            try:
                return accept(query)
            except StrayCallbackError:
                self.refused.append(query)
        self._scene.clock.sleep(deadline - self._scene.clock.monotonic())
        raise UnansweredError("the sign-in in the browser was not finished in time")

    def finish(self, page: str, *, status: int) -> None:
        assert self.page is None, "a browser is answered once"
        self._scene.events.append(f"page {status}")
        self.page = (status, page)


class FakeBrowser:
    """Signs in at the provider and carries the answer to the callback."""

    def __init__(self, scene: "Scene") -> None:
        self.opened: list[str] = []
        self.starts = True
        self.respond: Callable[[dict[str, str]], Sequence[str]] = lambda asked: [redirect(asked)]
        self.queries: Sequence[str] = ()
        self._scene = scene

    def open(self, url: str) -> bool:
        self._scene.events.append("browser")
        if self.starts:
            self.opened.append(url)
            self.visit(url)
        return self.starts

    def visit(self, url: str) -> None:
        """Do what the person does on the provider's page."""
        asked = query_of(url)
        if "response_type" in asked:
            self._scene.provider.nonce = asked["nonce"]
            self.queries = self.respond(asked)


class FakeListener:
    """Opens callbacks that are fed by the fake browser."""

    def __init__(self, scene: "Scene") -> None:
        self.callback: FakeCallback | None = None
        self.addresses: Sequence[str] = ()
        self.busy = False
        self.open = False
        self._scene = scene

    @contextmanager
    def listen(
        self, addresses: Sequence[str], redirect_url: str | None, *, allowed_origin: str | None
    ) -> Iterator[FakeCallback]:
        if self.busy:
            raise SignInError("no available port")
        self._scene.events.append("listen")
        self.addresses = addresses
        self.allowed_origin = allowed_origin
        self.callback = FakeCallback(redirect_url or "http://localhost:8000", self._scene)
        self.open = True
        try:
            yield self.callback
        finally:
            self.open = False


class FakeFormerSessions:
    """What the program before us left, and what happens while it is looked at."""

    def __init__(self, events: list[str]) -> None:
        self.session: Session | None = None
        self.deadlines: list[float] = []
        self._events = events

    def find(self, *, deadline: float) -> Session | None:
        self.deadlines.append(deadline)
        if self.session is not None:
            self._events.append("former")
        return self.session


class Scene:
    """A person, a provider and a plugin, ready to sign in."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.clock = FakeClock()
        self.entropy = FakeEntropy()
        self.provider = FakeProvider(self.clock, self.events)
        self.browser = FakeBrowser(self)
        self.listener = FakeListener(self)
        self.console = FakeConsole()
        self.store = MemoryStore(self.events)
        self.documents = MemoryDocuments()
        self.guard = FakeGuard(self.events)
        self.former = FakeFormerSessions(self.events)

    @property
    def world(self) -> World:
        return World(
            place="alice@laptop",
            clock=self.clock,
            entropy=self.entropy,
            http=self.provider,
            listener=self.listener,
            browser=self.browser,
            console=self.console,
            store=self.store,
            kept_documents=self.documents,
            guard=self.guard,
            former=self.former,
        )

    def settings(self, **changed: Any) -> Settings:
        """Return settings for the fake provider; keywords are fields of ``Provider`` or ``Login``."""
        login = {name: value for name, value in changed.items() if name in Login.__dataclass_fields__}
        rest = {name: value for name, value in changed.items() if name not in login}
        provider = {"issuer": ISSUER, "client_id": CLIENT, **rest}
        return Settings(Provider(**provider), login=Login(**login), cache=Cache())

    def sign_in(self, **changed: Any) -> SignIn:
        """Return what a grant is given: everything here, with a real verification behind it."""
        settings, world = self.settings(**changed), self.world
        documents = Documents(ISSUER, world)
        deadline = self.clock.monotonic() + settings.login.authentication_timeout
        return SignIn(settings, world, documents.metadata(), deadline, Verifier(settings, world, documents).fresh)

    def keep_session(self, **changed: Any) -> Session:
        """Put a session into the store, fresh unless told otherwise, and return it."""
        values: dict[str, Any] = {
            "issuer": ISSUER,
            "client_id": CLIENT,
            "id_token": Secret(self.provider.id_token()),
            "refresh_token": Secret(self.provider.current),
            "expires_at": self.clock.now() + 3600,
            "lifetime": 3600.0,
            "scope": "openid",
            **changed,
        }
        self.store.sessions[KEY] = Session(**values)
        return self.store.sessions[KEY]

    def keep_expired_session(self, **changed: Any) -> Session:
        """Put a session into the store whose ID token has just expired, and return it."""
        session = self.keep_session(**changed)
        self.clock.passed += 3600
        return session

    @property
    def kept(self) -> Session | None:
        """What the store has now."""
        return self.store.sessions.get(KEY)

    @property
    def page(self) -> tuple[int, str] | None:
        """Status and text of what the browser was shown in the end."""
        return self.listener.callback.page if self.listener.callback else None


def redirect(asked: dict[str, str], **changed: str | None) -> str:
    """Return the query that a good provider sends back; a parameter set to ``None`` is left out."""
    fields = {"code": "code-canary", "state": asked["state"], **changed}
    return urlencode({name: value for name, value in fields.items() if value is not None})


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier, computed apart from the product."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of a URL, each of which must occur once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), url
    return {name: values[0] for name, values in found.items()}

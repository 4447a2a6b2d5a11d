"""Asking for what is no secret: shown while it is typed, edited by the terminal itself."""

import io
import os
import pty
import select
import termios
import threading
import time
from collections.abc import Iterator

import pytest

from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.errors import SignInError

pytestmark = pytest.mark.timeout(20)


class Desk:
    """A pseudo-terminal; ``ask`` returns the answer to what is typed."""

    def __init__(self) -> None:
        self.person, self.descriptor = pty.openpty()
        self.stderr = io.StringIO()
        self.terminal = Terminal(0, self.stderr, interactive=True, stdin=self.descriptor)

    def ask(self, typed: bytes, *, seconds: float = 5, visible: bool = True) -> str:
        threading.Timer(0.1, os.write, (self.person, typed)).start()
        deadline = time.monotonic() + seconds
        return self.terminal.ask("Username: ", deadline=deadline, visible=visible).reveal()

    def shown(self) -> bytes:
        shown = b""
        while select.select([self.person], [], [], 0.05)[0]:
            shown += os.read(self.person, 65536)
        return shown


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    os.close(made.person)
    os.close(made.descriptor)


def test_the_answer_is_shown(desk: Desk) -> None:
    before = termios.tcgetattr(desk.descriptor)
    assert desk.ask(b"alice\n") == "alice"
    assert b"alice" in desk.shown()
    assert desk.stderr.getvalue() == "Username: "
    assert termios.tcgetattr(desk.descriptor) == before


def test_the_terminal_s_own_editing_works(desk: Desk) -> None:
    assert desk.ask(b"alicx\x7fe\n") == "alice"


def test_what_is_typed_ahead_is_the_next_answer(desk: Desk) -> None:
    """The second one, a secret, is not shown by us either."""
    assert desk.ask(b"alice\nsecret\n") == "alice"
    deadline = time.monotonic() + 5
    assert desk.terminal.ask("Password: ", deadline=deadline).reveal() == "secret"


def test_the_end_of_input_is_no_answer(desk: Desk) -> None:
    with pytest.raises(SignInError, match="ended"):
        desk.ask(b"\x04")


def test_nobody_answers_in_time(desk: Desk) -> None:
    with pytest.raises(SignInError, match="in time"):
        desk.ask(b"ali", seconds=0.3)


def test_a_terminal_that_is_not_lent_to_us_is_left_alone(desk: Desk) -> None:
    terminal = Terminal(0, desk.stderr, interactive=False, stdin=desk.descriptor)
    with pytest.raises(SignInError, match="lends no terminal") as caught:
        terminal.ask("Username: ", deadline=time.monotonic() + 5, visible=True)
    assert "interactiveMode" in str(caught.value.hint)
    assert desk.stderr.getvalue() == ""

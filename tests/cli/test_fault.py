"""The one line about a fault of ours, and what a traceback must not hold."""

import re

from kubelogin_py.cli import fault


def caught(function: object, *arguments: object) -> Exception:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001 -- whatever it is
        return error
    raise AssertionError("nothing was raised")


def failing(text: str) -> None:
    password = "canary-local"
    raise RuntimeError(text + password[:0])


def failing_elsewhere(text: str) -> None:
    raise RuntimeError(text)


def test_it_is_one_line_with_an_id() -> None:
    (line,) = fault.lines(caught(failing, "canary"), {})
    assert re.fullmatch(r"error: internal error [0-9a-f]{8} \(RuntimeError\); set KUBELOGIN_DEBUG=1 to see where", line)


def test_the_id_tells_places_apart_not_occasions() -> None:
    """Two people with the same fault report the same id."""
    here = [caught(failing, text) for text in ("a", "b")]
    there = caught(failing_elsewhere, "a")
    assert fault.identity(here[0]) == fault.identity(here[1])
    assert fault.identity(here[0]) != fault.identity(there)


def test_only_the_value_1_asks_for_more() -> None:
    assert len(list(fault.lines(caught(failing, "x"), {"KUBELOGIN_DEBUG": "0"}))) == 1
    assert len(list(fault.lines(caught(failing, "x"), {"KUBELOGIN_DEBUG": "1"}))) > 3


def traceback_of(text: str) -> str:
    return "\n".join(fault.lines(caught(failing, text), {"KUBELOGIN_DEBUG": "1"}))


def test_a_traceback_has_no_local_variables() -> None:
    assert "password = 'canary-local'" not in traceback_of("x")
    assert "in failing" in traceback_of("x")


def test_a_traceback_has_no_queries_and_no_tokens() -> None:
    shown = traceback_of(
        "GET http://localhost:8000/?code=canary1&state=canary2 'https://a/b#id_token=canary3' "
        "eyJhbGciOi.canary4.canary5"
    )
    assert "canary" not in shown.replace("canary-local", "")
    assert "http://localhost:8000/?***" in shown
    assert "https://a/b?***" in shown


def test_a_traceback_can_t_rewrite_the_terminal() -> None:
    assert "\x1b" not in traceback_of("\x1b[2J")
    assert "\\x1b[2J" in traceback_of("\x1b[2J")

"""A secret is seen only through ``reveal``."""

import copy
import pickle
import traceback

import pytest

from kubelogin_py.secret import Secret

CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r}",
        lambda secret: f"{secret:>40}",
        lambda secret: "%s" % secret,  # noqa: UP031 -- the old operator is one of the ways
        lambda secret: f"{[secret]} { ({'token': secret}) }",
    ],
    ids=["str", "repr", "format", "f-string", "conversion", "specification", "percent", "inside containers"],
)
def test_every_way_of_showing_it_shows_a_mask(show) -> None:
    shown = show(Secret(CANARY))
    assert CANARY not in shown
    assert "***" in shown


def test_a_traceback_with_local_variables_does_not_show_it() -> None:
    """Not even a debugger's view of the frame does."""

    def fail(secret: Secret) -> None:
        raise RuntimeError(f"failed with {secret}")

    with pytest.raises(RuntimeError) as caught:
        fail(Secret(CANARY))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "Secret(***)" in shown
    assert CANARY not in shown


def test_reveal_gives_the_text() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")


@pytest.mark.parametrize("other", ["a", b"a", None, 1])
def test_a_secret_equals_nothing_but_a_secret(other: object) -> None:
    """Comparing with a plain string would tempt people to compare in variable time."""
    assert Secret("a") != other


def test_texts_that_no_encoding_knows_can_be_compared() -> None:
    """Arguments that were not UTF-8 hold lone surrogates."""
    assert Secret("\udc80") == Secret("\udc80")
    assert Secret("\udc80") != Secret("\udc81")


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_it_does_not_leave_the_process_by_accident(leave) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        leave(Secret(CANARY))


@pytest.mark.parametrize("use", [iter, len, sorted, lambda secret: secret + "x"], ids=["iter", "len", "sort", "add"])
def test_it_is_not_a_string(use) -> None:
    with pytest.raises(TypeError):
        use(Secret(CANARY))


def test_it_has_no_attributes_to_look_through() -> None:
    assert not hasattr(Secret(CANARY), "__dict__")

"""Keeping a certificate fresh without anybody: the renewal machine, driven by the wall clock."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from kubelogin_py.errors import Error, StorageError, TransientError
from talos_cred import login, renewal
from talos_cred.errors import ChangedError, PolicyError, SignInNeededError
from talos_cred.login import Outcome, Wish
from talos_cred.ports import World
from talos_cred.renewal import Outcome as Came
from talos_cred.renewal import Phase, State, Validity
from talos_cred.talosconfig import Talosconfig

_SLICE = 5.0
"""Seconds of one wait: after a suspend the wall clock is looked at within this time."""


def watch(wish: Wish, world: World, *, command: str, first: Callable[[], Outcome] | None = None) -> None:
    """Renew until told to stop; returns never.

    :param command: what a person must run when a sign-in is needed.
    :param first: obtains the first certificate, with a person; its errors end it all.
    :raises PolicyError: the server refuses for good.
    :raises KeyboardInterrupt: told to stop.
    """
    state = _begun(wish, world) if first is None else _renewed(first(), wish, world)
    told = ""
    while True:
        state = _waited(state, wish, world)
        if state.phase is Phase.SIGN_IN_NEEDED or state.next_at > world.clock.now():
            continue
        try:
            outcome = login.log_in(replace(wish, replacing=state.validity), world)
        except PolicyError:
            raise
        except (SignInNeededError, ChangedError) as error:
            state = renewal.after(state, Came.SIGN_IN_NEEDED, world.clock.now(), jitter=world.jitter())
            told = ""
            world.person.tell(f"context {wish.place.context}: {error.message}")
            world.person.tell(f"{_needed(error)}: run `{command}`")
        except Error as error:
            retry_after = error.retry_after if isinstance(error, TransientError) else None
            state = renewal.after(state, Came.FAILED, world.clock.now(), jitter=world.jitter(), retry_after=retry_after)
            told = _tell(error, state, world, told)
        else:
            if told:
                world.person.tell(f"context {wish.place.context} is fresh again")
            told = ""
            state = _renewed(outcome, wish, world)
            world.person.detail(1, f"renewed; the next time in {state.next_at - world.clock.now():.0f} s")


def _renewed(outcome: Outcome, wish: Wish, world: World) -> State:
    now = world.clock.now()
    state = renewal.after(State(now), Came.RENEWED, now, jitter=world.jitter(), validity=outcome.validity)
    if renewal.is_soon(state, now, wish.policy.max_token_age):
        # The next token, while there is time: a provider that is away when it is needed is not missed then.
        with suppress(Error):
            world.tokens.obtain(used=outcome.record.used_token)
    return state


def _begun(wish: Wish, world: World) -> State:
    return renewal.start(_in_place(wish, world), world.clock.now(), world.jitter())


def _waited(state: State, wish: Wish, world: World) -> State:
    """Wait for the next attempt; a person who signed in meanwhile is noticed."""
    while (remaining := state.next_at - world.clock.now()) > 0:
        world.clock.sleep(min(remaining, _SLICE))
        # A clock that was set back must not make us wait for what has happened already.
        if state.next_at - world.clock.now() > remaining + _SLICE:
            return replace(state, next_at=world.clock.now())
    return renewal.looked(state, _in_place(wish, world), world.clock.now(), jitter=world.jitter())


def _in_place(wish: Wish, world: World) -> Validity | None:
    try:
        config = Talosconfig(world.files.read(), world.files.shown)
        return login.validity_of(config, wish.place.context, login.recalled(world, wish.place.context))
    except StorageError:
        return None


def _needed(error: SignInNeededError | ChangedError) -> str:
    if isinstance(error, SignInNeededError):
        return "sign-in needed"
    return "a person must agree; renewal waits" + (f" ({error.hint})" if error.hint else "")


def _tell(error: Error, state: State, world: World, told: str) -> str:
    """Say what went wrong, once per cause; the rest is for those who want details."""
    wait = state.next_at - world.clock.now()
    gone = "the certificate has expired" if renewal.is_expired(state, world.clock.now()) else "not renewed"
    line = f"{gone}: {error.message}; trying again in {wait:.0f} s"
    hint = f" (hint: {error.hint})" if error.hint else ""
    if error.message == told:
        world.person.detail(1, line)
    else:
        world.person.tell(line + hint)
    return error.message

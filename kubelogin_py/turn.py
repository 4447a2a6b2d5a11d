"""One person is asked one thing at a time: a single sign-in per issuer and client, and none right after a failure.

Twenty contexts of one provider that expire together open one tab after the other, not twenty at once. After a sign-in
that failed, timed out or was abandoned, callers without a person are told so at once instead of opening a browser.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from kubelogin_py.attempt import Attempt
from kubelogin_py.errors import CoolDownError, Error, SettingsError, UnaskedError
from kubelogin_py.ports import World
from kubelogin_py.settings import GrantType, Settings

T = TypeVar("T")

# Nobody is asked anything: there is no tab to keep apart, and nobody to annoy.
_WITHOUT_PERSON = frozenset({GrantType.CLIENT_CREDENTIALS})


class Turn:
    """The turn of one process to ask the person.

    :param settings: what the user chose.
    :param world: everything outside.
    """

    def __init__(self, settings: Settings, world: World) -> None:
        self._settings = settings
        self._world = world
        self._asks = settings.login.chosen_grant not in _WITHOUT_PERSON

    def check(self) -> None:
        """Fail at once where a sign-in failed a moment ago; one that may be under way is waited for instead.

        :raises CoolDownError: nobody is asked yet.
        """
        if not self._asks:
            return
        last = self._world.attempts.last()
        if last is not None and last.ended_at is not None:
            self._check(last)

    def take(self, work: Callable[[], T], *, deadline: float) -> T:
        """Run a sign-in when it is our turn, and remember one that does not succeed.

        :param deadline: on the monotonic clock, for waiting until others have finished theirs.
        :raises CoolDownError: the one that was waited for failed.
        :raises StorageError: the deadline passed; the message names who signs in.
        """
        if not self._asks:
            return work()
        doing = f"signing in to {self._settings.provider.issuer}"
        with self._world.attempts.hold(deadline=deadline, doing=doing):
            last = self._world.attempts.last()
            if last is not None:
                self._check(last)
            with self._remembered(last):
                return work()

    def _check(self, last: Attempt) -> None:
        """Refuse, unless the cool-down is over or a person asks for another attempt."""
        now = self._world.clock.now()
        rest = last.rest(now)
        if rest <= 0 or self._is_wanted(last):
            return
        ago = now - (last.began_at if last.ended_at is None else last.ended_at)
        raise CoolDownError(
            f"the last sign-in to {self._settings.provider.issuer} failed {ago:.0f} seconds ago "
            f"({last.reason or 'its process was killed'}), so nobody is asked again for {rest:.0f} seconds",
            rest=rest,
        )

    def _is_wanted(self, last: Attempt) -> bool:
        """Whether a person asks for another attempt.

        kubectl calls us again and again for one command: the person wanted that one, and ended it.
        """
        login, caller = self._settings.login, self._world.caller
        return login.asked_for or (login.interactive and not (caller and caller == last.caller))

    @contextmanager
    def _remembered(self, last: Attempt | None) -> Iterator[None]:
        """Keep a note of this attempt from its beginning, so that it is known even if this process is killed."""
        attempts, now = self._world.attempts, self._world.clock.now()
        # Only what a person could not but notice is not to be repeated for the same command.
        caller = self._world.caller if self._settings.login.interactive else ""
        own = Attempt(now, caller=caller)
        if last is not None and not self._is_wanted(last):
            own = last.following(now, caller)
        attempts.keep(own)
        try:
            yield
        except (UnaskedError, SettingsError):
            # Nobody was bothered, so nobody has to be spared.
            self._restore(last)
            raise
        except Error as error:
            attempts.keep(replace(own, ended_at=self._world.clock.now(), reason=error.message))
            raise
        except BaseException:
            # Ctrl-C, above all.
            attempts.keep(replace(own, ended_at=self._world.clock.now(), reason="it was interrupted"))
            raise
        attempts.forget()

    def _restore(self, last: Attempt | None) -> None:
        if last is None:
            self._world.attempts.forget()
        else:
            self._world.attempts.keep(last)

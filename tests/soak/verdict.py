"""The verdict on a soak run: every sign-in must have its reason, every token its owner, every call its end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.soak.callers import Call, Context, cause, claims, digest
from tests.soak.injections import Injection
from tests.soak.witness import reads

LONG_ENOUGH = 4.0
"""Minutes in which everything must have been done at least once."""

GRACE = 3.0
"""Seconds between what was done and what is noticed of it."""

SILENCE = 45.0
"""Seconds for which a connection that was silenced keeps a request waiting, and whoever waits for its end."""

LONGEST = 600.0
"""Seconds of the longest cool-down."""


@dataclass
class Evidence:
    """All that is known about a run.

    :param ledger: the provider's lines.
    :param opened: lines ``<UTC seconds> <context> <process>`` of the browsers that were opened.
    :param last: one call of each context after all was well again.
    :param wanted: kinds of injections that had to be made.
    :param looks: how often a session on disk was read meanwhile.
    :param corrupt: those that could not be read although nobody had damaged them.
    :param left_over: processes of the plugin that had not ended long after the last call.
    """

    minutes: float
    contexts: Sequence[Context]
    calls: Sequence[Call]
    injections: Sequence[Injection]
    ledger: Sequence[dict[str, Any]]
    opened: Sequence[str]
    issuer: str
    last: Sequence[Call]
    wanted: Sequence[str]
    looks: int
    corrupt: Sequence[str]
    left_over: Sequence[str]
    violations: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        """Return the figures of the run; ``violations`` is complete afterwards."""
        good = [call for call in self.calls if call.code == 0]
        failed = [call for call in self.calls if call.code != 0]
        self.violations += [
            *self._tokens(),
            *self._sign_ins(),
            *self._reuses(),
            *self._failures(failed),
            *self._files(),
            *(f"a process goes on for ever: {line}" for line in self.left_over),
        ]
        self.violations += [
            f"after all was well again {call.context.name}: {call.stderr}" for call in self.last if call.code
        ]
        if self.minutes >= LONG_ENOUGH:
            done = {one.kind.split(":")[0] for one in self.injections} | {cause(call) for call in failed}
            self.violations += [f"nothing was done of the kind: {kind}" for kind in self.wanted if kind not in done]
        events = Counter(line["event"] for line in self.ledger)
        return {
            "minutes": round(self.minutes, 1),
            "calls": len(self.calls),
            "succeeded": len(good),
            "failures by cause": dict(Counter(cause(call) for call in failed).most_common()),
            "sign-ins": events["login"],
            "browser opens": len(self.opened),
            "browser opens by reason": dict(self.reasons.most_common()),
            "refreshes": events["refresh"],
            "refresh tokens that came twice": events["reuse"],
            "injections": dict(Counter(one.kind.split(":")[0] for one in self.injections).most_common()),
            "corrupt files": len(self.corrupt) + len(self._corrupt()),
            "looks at files": self.looks,
            "damaged files moved aside": sum(len(list(one.glob("*.bad"))) for one in self._directories()),
            "hangs": sum(call.hung for call in self.calls) + len(self.left_over),
            "p50 seconds": _quantile([call.seconds for call in good], 0.5),
            "p99 seconds": _quantile([call.seconds for call in good], 0.99),
            "p50 seconds of quiet calls": _quantile([call.seconds for call in good if not call.stderr], 0.5),
            "p99 seconds of quiet calls": _quantile([call.seconds for call in good if not call.stderr], 0.99),
        }

    def _tokens(self) -> Iterator[str]:
        """Every token is one that the provider gave, to this very person, and was good when it was printed."""
        given = {line["token"]: line for line in self.ledger if "token" in line}
        # `login` prints none; whoever was killed may have printed one all the same.
        for call in (one for one in self.calls if one.stdout and (one.code == 0 or one.killed)):
            if digest(call.token) not in given:
                yield f"{call.context.name} printed a token that the provider never gave: {call.at:.1f} {call.stderr!r}"
                continue
            said = claims(call.token)
            if said["sub"] != call.context.user or said["iss"] != self.issuer:
                yield f"{call.context.name} printed a token of {said['sub']} at {said['iss']}"
            if "email" in given[digest(call.token)]["scope"] and "email" not in " ".join(call.context.words):
                yield f"{call.context.name} printed a token with scopes it did not ask for"
            if not call.fault and float(str(said["exp"])) < call.ended - GRACE:
                yield f"{call.context.name} printed a token that had expired"

    def _sign_ins(self) -> Iterator[str]:
        """Each browser that opened after a context's first has a loss of its own since the one before."""
        for context in self.contexts:
            ours = [line.split() for line in self.opened if line.split()[1] == context.name]
            self.reasons["first"] += bool(ours)
            for (earlier, _, opener), (later, _, _) in pairwise(ours):
                before, opened = float(earlier), float(later)
                reason = next(self._losses(context, before, opened), None)
                if self._came_to_nothing(int(opener)):
                    reason = "the one before came to nothing"
                if reason is None:
                    after = f"at {opened:.1f}, {opened - before:.1f} s after the last time"
                    yield f"{context.name} asked again {after}, and nothing was lost"
                self.reasons[reason or "none"] += 1

    def _losses(self, context: Context, since: float, until: float) -> Iterator[str]:
        """Yield what cost this context its session, or the sign-in before, between two times."""
        families = self._families(context)
        for line in self.ledger:
            if since <= line["at"] <= until and (
                line["event"] == "revoked" or (line["event"] == "reuse" and line["family"] in families)
            ):
                yield line["event"]
        for one in self.injections:
            costly = one.kind in {"damage beyond repair", "full disk"} and one.context in self._sharing(context)
            if costly and one.began_at <= until and one.ended_at >= since:
                yield one.kind

    def _came_to_nothing(self, opener: int) -> bool:
        """Whether the sign-in of this process failed: it was killed, or its answer lost on the network."""
        return any(call.pid == opener and call.code != 0 for call in self.calls)

    def _reuses(self) -> Iterator[str]:
        """A refresh token comes twice only where its answer was lost by something that was done."""
        renewed: dict[int, float] = {}
        for line in self.ledger:
            if line["event"] in {"login", "refresh"}:
                renewed[line["family"]] = line["at"]
            if line["event"] == "reuse" and not self._is_excused(line["family"], renewed[line["family"]], line["at"]):
                yield f"a refresh token of family {line['family']} came twice, and nothing was done that explains it"

    def _is_excused(self, family: int, since: float, until: float) -> bool:
        context = next(one for one in self.contexts if family in self._families(one))
        for one in self.injections:
            network = one.kind.startswith("network")
            own = one.kind in {"kill of a child", "full disk", "damage beyond repair"} and one.context in self._sharing(
                context
            )
            if (network or own) and one.began_at <= until and one.ended_at + GRACE >= since - GRACE:
                return True
        return False

    def _families(self, context: Context) -> set[int]:
        """Return the provider's numbers of a context's sessions."""
        with_email = any("email" in word for word in context.words)
        return {
            line["family"]
            for line in self.ledger
            if line["event"] == "login" and line["user"] == context.user and ("email" in line["scope"]) == with_email
        }

    def _sharing(self, context: Context) -> set[str]:
        """Return the names of the contexts with the same cache directory."""
        return {one.name for one in self.contexts if one.directory == context.directory}

    def _failures(self, failed: Sequence[Call]) -> Iterator[str]:
        for call in failed:
            if call.hung:
                yield f"{call.context.name} hung for {call.seconds:.0f} s: {call.stderr[-300:]}"
            elif call.killed:
                # Even what Python itself says while it starts.
                continue
            elif "internal error" in call.stderr or "Traceback" in call.stderr:
                yield f"{call.context.name} failed by a fault of ours: {call.stderr[-600:]!r}"
            elif call.stdout:
                yield f"{call.context.name} failed and printed something all the same"
            elif not self._is_explained(call):
                yield f"{call.context.name} failed with {call.code} at {call.at:.1f}, no cause: {call.stderr[-300:]!r}"

    def _is_explained(self, call: Call) -> bool:
        """Whether something was done that makes a call fail in just this way."""
        if call.fault:
            return True
        match cause(call):
            case "network" | "sign-in" | "waited too long":
                return self._was_disturbed(call)
            case "cool-down":
                # Somebody was asked in vain, not long ago.
                return any(
                    one.code != 0
                    and one.context.directory == call.context.directory
                    and 0 < call.ended - one.ended < LONGEST
                    for one in self.calls
                    if cause(one) in {"killed", "network", "sign-in", "clock"}
                )
        return False

    def _was_disturbed(self, call: Call) -> bool:
        """Whether the network was broken while a call lasted, or while the one did that it waited for."""
        return any(
            one.kind.startswith("network") and one.began_at <= call.ended and one.ended_at + SILENCE >= call.at
            for one in self.injections
        )

    def _files(self) -> Iterator[str]:
        for line in self.corrupt:
            yield f"a session could not be read: {line}"
        for path in self._corrupt():
            yield f"{path} can't be read in the end"

    def _corrupt(self) -> list[Path]:
        """Return the sessions that can't be read now, though every caller has been there since the last damage."""
        found = [path for one in self._directories() for path in one.glob("session-*.json")]
        return [path for path in found if not reads(path.read_bytes())]

    def _directories(self) -> set[Path]:
        return {context.directory for context in self.contexts}


def _quantile(seconds: list[float], share: float) -> float | None:
    if not seconds:
        return None
    return round(sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))], 3)

"""The verdict on the cached token: what the API server would say to it, and why it said no."""

from kubelogin_py.doctor.finding import Finding, failed, passed, skipped, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.kubernetes import verdict
from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS, JwtAuthenticator
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict_row import Row, RowName, State
from kubelogin_py.response import Response
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType

_UNAUTHORIZED = 401
_AUTHENTICATED = frozenset({200, 201, 403, 404})
# Whatever the API server was told, it takes no token that fails in one of these.
_ALWAYS = frozenset({RowName.FORM, RowName.ALGORITHM, RowName.KEY, RowName.ISSUER, RowName.TIME})
_TAKEN = "the API server takes the token all the same"
_LIKELY_TAKEN = "nothing is wrong with the token itself, and yet somebody will miss something"
_IN_THE_LOG = "the reason is in the log of kube-apiserver: look for `Unable to authenticate the request`"


def token(known: Known) -> tuple[Finding, ...]:
    """Nothing in the cached token keeps an API server from taking it; each thing is a check of its own, ``token-…``."""
    found = known.session
    if not isinstance(found, Session) or found.presented_token is None:
        return (skipped("token", "there is no token to be judged"),)
    answered = _answer(known)
    return tuple(_finding(known, row, answered) for row in _rows(known, found) if not _is_moot(known, row, answered))


def refusal(known: Known) -> tuple[str, str]:
    """Return why the API server refuses the cached token, and what to do about it, as far as that can be seen."""
    found, again = known.session, known.subject.command("login")
    if not isinstance(found, Session) or found.presented_token is None:
        return "there is no token", again
    rows = [row for row in _rows(known, found) if not _is_moot(known, row, _UNAUTHORIZED)]
    wrong = [row for row in rows if row.state is State.FAIL]
    if wrong:
        return wrong[0].cause, wrong[0].cure
    signed = _with_flags(known, found)
    likely = [
        row for row in (*rows, *([signed] if signed else ())) if row.name in (RowName.REACH, RowName.SIGNING_ALGS)
    ]
    likely = [row for row in likely if row.state is not State.PASS]
    also = "".join(f"; {row.cause}" for row in likely)
    if known.claims is not None and known.claims.email is None:
        also += "; it has no email, which many API servers take the user's name from"
    settings = known.settings.provider
    told = f"tell the API server the issuer {settings.issuer} and the client ID {settings.client_id}, and restart it"
    return (
        f"the token itself is in order, so no rule of the API server trusts it{also}",
        f"{told}; {_IN_THE_LOG}; a token from before a change goes with: {again} --force-refresh",
    )


def _rows(known: Known, found: Session) -> tuple[Row, ...]:
    """Return the verdict for an API server that was set up as our own guide says."""
    settings, profile = known.settings, known.profile
    assert found.presented_token is not None  # noqa: S101 -- asked by the callers
    received = ReceivedToken.read(found.presented_token)
    server = JwtAuthenticator(
        issuer=settings.provider.issuer,
        audiences=(settings.provider.client_id,),
        # Most clusters take the address for the name, where there is one.
        username_claim="email" if "email" in received.claims else "sub",
        groups_claim=profile.groups_claim if profile else "groups",
    )
    return verdict.judge(
        received,
        server,
        now=known.now,
        published=known.published,
        refreshable=None
        if settings.login.chosen_grant is GrantType.CLIENT_CREDENTIALS
        else found.refresh_token is not None,
        hints=profile.hints if profile else {},
    )


def _answer(known: Known) -> int | None:
    """Return the status with which the API server answered to the token; ``None`` when it was not asked."""
    if known.subject.context is None or known.usable is None:
        return None
    response = known.cluster_response
    return response.status if isinstance(response, Response) else None


def _is_moot(known: Known, row: Row, answered: int | None) -> bool:
    # That it reaches the provider has just been seen.
    if row.name is RowName.REACH and answered in _AUTHENTICATED:
        return True
    # That the token has expired is said of the session, and refreshing mends it.
    return row.name is RowName.TIME and row.state is State.FAIL and known.usable is None


def _finding(known: Known, row: Row, answered: int | None) -> Finding:
    check = f"token-{row.name}"
    if row.state is State.PASS:
        return passed(check, row.cause)
    if row.state is State.WARN:
        return warned(check, row.cause, _TAKEN if answered in _AUTHENTICATED else _LIKELY_TAKEN, row.cure)
    if answered in _AUTHENTICATED:
        return passed(check, f"{row.cause}; {_TAKEN}")
    certain = row.name in _ALWAYS and not known.settings.provider.use_access_token
    if certain or answered == _UNAUTHORIZED:
        return failed(check, row.cause, "the API server refuses such a token", row.cure)
    return warned(check, row.cause, "an API server that was set up as usual refuses such a token", row.cure)


def _with_flags(known: Known, found: Session) -> Row | None:
    """Return the row about the algorithm, for an API server whose flags leave it at RS256."""
    assert found.presented_token is not None  # noqa: S101 -- asked by the caller
    received = ReceivedToken.read(found.presented_token)
    server = JwtAuthenticator(
        issuer=known.settings.provider.issuer,
        audiences=(known.settings.provider.client_id,),
        algorithms=FLAG_ALGORITHMS,
    )
    rows = verdict.judge(received, server, now=known.now)
    return next((row for row in rows if row.name is RowName.SIGNING_ALGS), None)

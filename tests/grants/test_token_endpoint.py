"""Requests to the token endpoint."""

import pytest

from kubelogin_py.errors import TransientError
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.oidc.client_authentication import ClientAuthentication
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from tests.support.fake_provider import Request, answer, refusal
from tests.support.world import Scene

FORM = [("grant_type", "refresh_token"), ("refresh_token", Secret("refresh-canary"))]
REFUSED = refusal("invalid_client", 401)
BASIC, POST = ClientAuthentication.BASIC, ClientAuthentication.POST
BOTH = ["client_secret_basic", "client_secret_post"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, *, secret: bool, only: ClientAuthentication | None = None) -> Response:
    sign_in = scene.sign_in(client_secret=Secret("secret-canary") if secret else None)
    return send(
        FORM,
        url=sign_in.metadata.token_endpoint,
        provider=sign_in.settings.provider,
        metadata=sign_in.metadata,
        world=scene.world,
        method=only,
        timeout=7.0,
    )


def method(request: Request) -> str:
    """How the client authenticated."""
    if request.basic:
        return "basic"
    return "post" if "client_secret" in request.form else "none"


def methods(scene: Scene) -> list[str]:
    return [method(request) for request in scene.provider.requests if request.method == "POST"]


@pytest.mark.parametrize(
    ("supported", "secret", "only", "outcomes", "tried"),
    [
        (BOTH, False, None, [REFUSED], ["none"]),
        (BOTH, True, None, [answer({})], ["basic"]),
        (BOTH, True, None, [REFUSED, answer({})], ["basic", "post"]),
        (BOTH, True, None, [REFUSED, REFUSED], ["basic", "post"]),
        (["client_secret_post"], True, None, [REFUSED, answer({})], ["post", "basic"]),
        (None, True, None, [REFUSED, answer({})], ["basic", "post"]),
        (BOTH, True, BASIC, [REFUSED], ["basic"]),
        (BOTH, True, POST, [REFUSED], ["post"]),
        (BOTH, True, None, [refusal("invalid_grant")], ["basic"]),
        (BOTH, True, None, [refusal("unauthorized_client", 401)], ["basic"]),
        (BOTH, True, None, [answer({}, 401)], ["basic"]),
        (BOTH, True, None, [answer({}, 503)], ["basic"]),
    ],
    ids=[
        "public", "confidential", "refused once", "refused twice", "post first", "unsaid", "code", "code by post",
        "another error", "another client error", "401 without a word", "503",
    ],
)  # fmt: skip
def test_only_invalid_client_is_answered_with_the_other_method(
    scene: Scene,
    *,
    supported: object,
    secret: bool,
    only: ClientAuthentication | None,
    outcomes: list[Response],
    tried: list[str],
) -> None:
    """The answer is the last one's, whatever it says; reading it is the caller's part."""
    scene.provider.metadata = {"token_endpoint_auth_methods_supported": supported}
    scene.provider.scripted = list(outcomes)
    assert run(scene, secret=secret, only=only) is outcomes[-1]
    assert methods(scene) == tried


def test_a_fault_of_the_network_is_not_answered_with_the_other_method(scene: Scene) -> None:
    """The request may have arrived."""
    scene.provider.scripted = [TransientError("connection reset by peer")]
    with pytest.raises(TransientError):
        run(scene, secret=True)
    assert methods(scene) == ["basic"]


def test_each_request_is_bounded(scene: Scene) -> None:
    scene.provider.scripted = [REFUSED, answer({})]
    run(scene, secret=True)
    assert [request.timeout for request in scene.provider.requests if request.method == "POST"] == [7.0, 7.0]


def test_what_was_tried_is_a_detail_without_a_secret(scene: Scene) -> None:
    scene.provider.scripted = [REFUSED, answer({})]
    run(scene, secret=True)
    assert any("client_secret_basic" in line for _, line in scene.console.details)
    assert "canary" not in scene.console.text

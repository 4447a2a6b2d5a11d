"""B-77: in no flow, at no verbosity and in no exception does a token, code, verifier or secret appear."""

import re
import traceback
from collections.abc import Callable
from contextlib import suppress

import pytest

from kubelogin_py.errors import Error
from kubelogin_py.login import sign_in
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType
from tests.support.fake_provider import ISSUER, Lost, answer, refusal
from tests.support.world import KEY, Scene, redirect

CLIENT_SECRET = "client-canary"
KEYBOARD = {"grant_type": GrantType.AUTHCODE_KEYBOARD}
DEVICE = {"grant_type": GrantType.DEVICE_CODE}

Flow = Callable[[Scene], dict[str, object]]
"""Prepares a scene and returns the settings."""

FLOWS: dict[str, Flow] = {}


def flow(prepare: Flow) -> Flow:
    FLOWS[prepare.__name__.replace("_", " ")] = prepare
    return prepare


def paste(scene: Scene, pasted: Callable[[str], str]) -> None:
    def answered() -> str:
        line = next(line for line in scene.console.lines if "Please visit" in line)
        scene.browser.visit(line.partition("browser: ")[2])
        return pasted(scene.browser.queries[0])

    scene.console.answer = answered


@flow
def browser(scene: Scene) -> dict[str, object]:
    return {}


@flow
def browser_that_does_not_start(scene: Scene) -> dict[str, object]:
    scene.browser.starts = False
    return {}


@flow
def wrong_state(scene: Scene) -> dict[str, object]:
    scene.browser.respond = lambda asked: [redirect(asked, state="wrong"), redirect(asked)]
    return {}


@flow
def error_in_the_callback(scene: Scene) -> dict[str, object]:
    scene.browser.respond = lambda asked: [redirect(asked, error="access_denied")]
    return {}


@flow
def another_issuer_in_the_callback(scene: Scene) -> dict[str, object]:
    scene.browser.respond = lambda asked: [redirect(asked, iss="https://evil.example")]
    return {}


@flow
def malformed_code(scene: Scene) -> dict[str, object]:
    scene.browser.respond = lambda asked: [redirect(asked, code="code-canary\n")]
    return {}


@flow
def keyboard_with_the_address(scene: Scene) -> dict[str, object]:
    paste(scene, lambda query: f"http://localhost/?{query}")
    return KEYBOARD


@flow
def keyboard_with_the_code(scene: Scene) -> dict[str, object]:
    paste(scene, lambda _: "code-canary")
    return KEYBOARD


@flow
def keyboard_with_another_state(scene: Scene) -> dict[str, object]:
    paste(scene, lambda _: "https://localhost/?code=code-canary&state=wrong")
    return KEYBOARD


@flow
def keyboard_with_a_malformed_code(scene: Scene) -> dict[str, object]:
    paste(scene, lambda _: "code-canary\x00")
    return KEYBOARD


@flow
def device(scene: Scene) -> dict[str, object]:
    scene.provider.metadata = {"code_challenge_methods_supported": ["S256"]}
    scene.provider.device_answers = ["authorization_pending", "slow_down"]
    return DEVICE


@flow
def device_denied(scene: Scene) -> dict[str, object]:
    scene.provider.device_answers = ["access_denied"]
    return DEVICE


@flow
def malformed_device_code(scene: Scene) -> dict[str, object]:
    scene.provider.device_response = {"device_code": "device-secret\n"}
    return DEVICE


@flow
def confidential_client(scene: Scene) -> dict[str, object]:
    return {"client_secret": Secret(CLIENT_SECRET)}


@flow
def refused_client(scene: Scene) -> dict[str, object]:
    scene.provider.scripted = [refusal("invalid_client", 401)]
    return {"client_secret": Secret(CLIENT_SECRET)}


@flow
def refused_code(scene: Scene) -> dict[str, object]:
    scene.provider.scripted = [refusal("invalid_grant", error_description="no such code")]
    return {}


@flow
def no_id_token(scene: Scene) -> dict[str, object]:
    scene.provider.token_response = {"id_token": None}
    return {}


@flow
def wrong_nonce(scene: Scene) -> dict[str, object]:
    scene.provider.claims = {"nonce": "another"}
    return {}


@flow
def wrong_signature(scene: Scene) -> dict[str, object]:
    scene.provider.token_response = {"id_token": scene.provider.id_token() + "A"}
    return {}


@flow
def wrong_at_hash(scene: Scene) -> dict[str, object]:
    scene.provider.claims = {"at_hash": "wrong"}
    return {}


@flow
def malformed_tokens(scene: Scene) -> dict[str, object]:
    scene.provider.token_response = {"access_token": "access-canary\r\n", "refresh_token": "refresh-1\n"}
    return {}


@flow
def tokens_that_are_no_json(scene: Scene) -> dict[str, object]:
    scene.provider.scripted = [Response(f"{ISSUER}/token", 200, {}, b'{"access_token": "access-canary", id_token: 1}')]
    return {}


@flow
def tokens_twice(scene: Scene) -> dict[str, object]:
    body = b'{"access_token": "access-canary", "access_token": "access-canary"}'
    scene.provider.scripted = [Response(f"{ISSUER}/token", 200, {}, body)]
    return {}


@flow
def full_disk(scene: Scene) -> dict[str, object]:
    scene.store.full = True
    return {}


@flow
def cached(scene: Scene) -> dict[str, object]:
    scene.keep_session()
    return {}


@flow
def refresh(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    return {}


@flow
def refresh_refused(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.provider.scripted = [refusal("invalid_grant", error_description="no such token")]
    return {}


@flow
def refresh_lost(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.provider.scripted = [Lost()]
    return {}


@flow
def refresh_on_a_full_disk(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.store.full = True
    return {}


@flow
def refresh_for_another_person(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.provider.claims = {"sub": "mallory-id"}
    return {}


@flow
def refresh_with_another_nonce(scene: Scene) -> dict[str, object]:
    scene.provider.nonce = "nonce-canary-1"
    scene.keep_expired_session()
    scene.provider.nonce = "nonce-canary-2"
    return {}


@flow
def refresh_without_an_id_token(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.provider.id_token_on_refresh = False
    return {}


@flow
def refresh_with_a_malformed_answer(scene: Scene) -> dict[str, object]:
    scene.keep_expired_session()
    scene.provider.scripted = [answer({"access_token": "access-canary", "refresh_token": "refresh-1"})]
    return {}


@flow
def damaged_cache(scene: Scene) -> dict[str, object]:
    scene.keep_session(id_token=Secret("id-canary.id-canary"))
    return {}


@pytest.mark.parametrize("prepare", FLOWS.values(), ids=FLOWS.keys())
def test_no_secret_is_ever_shown(prepare: Flow) -> None:
    scene = Scene()
    settings = scene.settings(**prepare(scene))
    shown: list[str] = []
    # Twice: what was kept, and what went wrong, meets the second run.
    for _ in range(2):
        begin = len(scene.entropy.drawn)
        with suppress(Error):
            try:
                credential = sign_in(settings, scene.world, key=KEY)
                shown.append(repr(credential))
            except Error as error:
                trace = traceback.TracebackException.from_exception(error, capture_locals=False)
                shown += [*trace.format(chain=True), f"{error.message} {error.hint} {error!r} {vars(error)}"]
                raise
        # State and nonce are in the address that a person without a browser must see, and nowhere else.
        shown += [line for line in scene.console.text.splitlines() if "Please visit" not in line]
        shown.append(str(scene.page))
        verifiers = {form.get("code_verifier") for form in scene.provider.forms} - {None}
        assert not [verifier for verifier in verifiers if str(verifier) in scene.console.text]
        assert not [value for value in scene.entropy.drawn[begin:] if value in "\n".join(shown)]
    text = "\n".join(shown)
    found = re.findall(r"\w+-canary\S*|refresh-\d+|device-secret|eyJ[\w-]+\.\S*", text)
    assert not found, text

"""What client-go tells us, and the document it is given."""

import json

import pytest

from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.kubernetes.exec_credential import V1, V1BETA1, ExecInfo, read_exec_info, render
from kubelogin_py.secret import Secret

CLUSTER = {"server": "https://api.example.com", "certificate-authority-data": "Q0E=", "config": {"x": ["canary"]}}


def document(**members: object) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, **members})


GOOD = {
    "absent": (None, ExecInfo(V1BETA1, None)),
    "empty": ("", ExecInfo(V1BETA1, None)),
    "v1": (document(spec={"interactive": True}), ExecInfo(V1, interactive=True)),
    "v1-not-interactive": (document(spec={"interactive": False}), ExecInfo(V1, interactive=False)),
    "v1beta1": (document(apiVersion=V1BETA1, spec={"interactive": True}), ExecInfo(V1BETA1, interactive=True)),
    "kubectl-1.20": (document(apiVersion=V1BETA1, spec={}), ExecInfo(V1BETA1, None)),
    "no-spec": (document(), ExecInfo(V1, None)),
    "spec-null": (document(spec=None), ExecInfo(V1, None)),
    "cluster": (document(spec={"cluster": CLUSTER, "interactive": False}), ExecInfo(V1, interactive=False)),
    "unknown-fields": (document(spec={"interactive": True, "new": 1}, more=[1]), ExecInfo(V1, interactive=True)),
    "version-empty": (document(apiVersion=""), ExecInfo(V1BETA1, None)),
    "version-absent": ('{"kind":"ExecCredential"}', ExecInfo(V1BETA1, None)),
    "kind-absent": (json.dumps({"apiVersion": V1}), ExecInfo(V1, None)),
    "with-blanks": (f" {document()}\n", ExecInfo(V1, None)),
}


@pytest.mark.parametrize(("text", "info"), GOOD.values(), ids=GOOD)
def test_the_exec_info_is_read(text: str | None, info: ExecInfo) -> None:
    assert read_exec_info(text) == info


BAD = {
    "B-87-not-json": ("{", "not JSON"),
    "B-87-blank": (" ", "empty"),
    "B-87-list": ("[]", "not a JSON object but a list"),
    "B-87-string": ('"x"', "not a JSON object but a string"),
    "B-87-two-documents": (document() + document(), "not JSON"),
    "B-87-duplicate": ('{"kind":"ExecCredential","kind":"ExecCredential"}', "more than once"),
    "B-87-duplicate-inside": (document()[:-1] + ',"spec":{"interactive":true,"interactive":false}}', "more than once"),
    "B-87-huge": (document(filler="x" * (1 << 20)), "longer than"),
    "B-87-deep": ('{"a":' * 5000 + "1" + "}" * 5000, "nested"),
    "B-87-wrong-kind": (document(kind="Pod"), "kind is Pod instead of ExecCredential"),
    "B-87-kind-not-text": (document(kind=1), "kind is not a string"),
    "B-87-wrong-group": (document(apiVersion="example.com/v1"), "unknown apiVersion: example.com/v1"),
    "B-87-no-group": (document(apiVersion="v1"), "unknown apiVersion: v1"),
    "B-87-v1alpha1": (
        document(apiVersion="client.authentication.k8s.io/v1alpha1"),
        "unknown apiVersion: client.authentication.k8s.io/v1alpha1",
    ),
    "B-87-version-not-text": (document(apiVersion=["x"]), "unknown apiVersion: not a string"),
    "B-71-version-with-escapes": (document(apiVersion="\x1b[2J"), "unknown apiVersion: \\x1b[2J"),
    "spec-not-an-object": (document(spec=[]), "spec is not an object"),
    "interactive-not-a-boolean": (document(spec={"interactive": "yes"}), "spec.interactive is not a boolean"),
    "byte-order-mark": ("\ufeff" + document(), "byte order mark"),
    "not-utf-8": (document() + "\udcff", "not JSON"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_anything_else_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_exec_info(text)
    assert caught.value.message.startswith("invalid KUBERNETES_EXEC_INFO: ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_an_unknown_version_is_answered_with_the_one_to_set() -> None:
    with pytest.raises(SettingsError) as caught:
        read_exec_info(document(apiVersion="client.authentication.k8s.io/v1alpha1"))
    assert caught.value.hint is not None
    assert f"apiVersion: {V1}" in caught.value.hint


def test_the_cluster_is_never_shown() -> None:
    """What a kubeconfig says about the cluster does not reach a message, even when all else is wrong."""
    with pytest.raises(SettingsError) as caught:
        read_exec_info(document(apiVersion="x/v1", spec={"cluster": CLUSTER}))
    assert "canary" not in str(caught.value)
    assert "example.com" not in str(caught.value)


ANSWERS = {
    "v1": (
        V1,
        "a.b.c",
        1577840400.0,
        (
            b'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false},'
            b'"status":{"expirationTimestamp":"2020-01-01T01:00:00Z","token":"a.b.c"}}\n'
        ),
    ),
    "v1beta1": (
        V1BETA1,
        "a.b.c",
        1577840400.0,
        (
            b'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},'
            b'"status":{"expirationTimestamp":"2020-01-01T01:00:00Z","token":"a.b.c"}}\n'
        ),
    ),
    "no-expiry": (
        V1,
        "opaque",
        None,
        (
            b'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false},'
            b'"status":{"token":"opaque"}}\n'
        ),
    ),
    "only-json-s-own-escapes": (
        V1,
        '<&>/="\\',
        None,
        (
            b'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false},'
            b'"status":{"token":"<&>/=\\"\\\\"}}\n'
        ),
    ),
}


@pytest.mark.parametrize(("version", "token", "expires_at", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_is_exact_to_the_byte(version: str, token: str, expires_at: float | None, answer: bytes) -> None:
    assert render(version, Secret(token), expires_at) == answer


TIMES = {
    "whole": (1577836800.0, "2020-01-01T00:00:00Z"),
    "fraction-is-dropped": (1577836800.999, "2020-01-01T00:00:00Z"),
    "after-2038": (4102444800.0, "2100-01-01T00:00:00Z"),
    "before-1970": (-1.0, "1970-01-01T00:00:00Z"),
    "after-9999": (1e18, "9999-12-31T23:59:59Z"),
    "for-ever": (float("inf"), "9999-12-31T23:59:59Z"),
}


@pytest.mark.parametrize(("seconds", "timestamp"), TIMES.values(), ids=TIMES)
def test_the_expiry_is_rfc_3339_in_whole_seconds(seconds: float, timestamp: str) -> None:
    status = json.loads(render(V1, Secret("t"), seconds))["status"]
    assert status["expirationTimestamp"] == timestamp


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "a\x00", "é", "\ud800", "a\x7f"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """A line end in it would become a header of kubectl's request; the message does not quote it."""
    with pytest.raises(ProviderError) as caught:
        render(V1, Secret(token), None)
    assert not token or token not in str(caught.value)

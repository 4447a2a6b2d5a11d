"""Somebody else than was asked for signed in: found out where it can be told, and nowhere else."""

from typing import Any

import pytest

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.account import check_account
from kubelogin_py.oidc.claims import Claims


def claims(**more: Any) -> Claims:
    return Claims.read({"iss": "https://id.example.com", "sub": "s-1", "aud": "k", "exp": 2, "iat": 1, **more})


RIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "email": ("bob@example.com", {"email": "bob@example.com"}),
    "case": ("Bob@Example.com", {"email": "bob@example.COM"}),
    "user name": ("bob@corp.example", {"email": "robert@example.com", "preferred_username": "bob@corp.example"}),
    "upn": ("bob@corp.example", {"email": "robert@example.com", "upn": "bob@corp.example"}),
    "subject": ("s@1", {"sub": "s@1", "email": "bob@example.com"}),
    "a name of one's own": ("work", {"email": "bob@example.com", "preferred_username": "bob"}),
    "no address in the token": ("bob@example.com", {"preferred_username": "bob"}),
    "nothing but a subject": ("bob@example.com", {}),
    "not text": ("bob@example.com", {"email": ["bob@example.com"]}),
}


@pytest.mark.parametrize(("account", "named"), RIGHT.values(), ids=RIGHT)
def test_it_may_be_the_one(account: str, named: dict[str, Any]) -> None:
    check_account(claims(**named), account)


@pytest.mark.parametrize("name", ["email", "preferred_username", "upn", "unique_name"])
def test_it_is_another(name: str) -> None:
    with pytest.raises(VerificationError) as caught:
        check_account(claims(**{name: "alice@example.com\x1b"}), "bob@example.com")
    assert caught.value.step == "account"
    assert caught.value.message == r"alice@example.com\x1b signed in, not bob@example.com"
    assert caught.value.hint

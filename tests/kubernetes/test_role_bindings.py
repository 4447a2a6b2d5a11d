"""Who may do what: never a name of Kubernetes' own, and nobody gets everything unasked."""

from typing import Any

import jsonschema
import pytest
import yaml

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import role_bindings
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.role_bindings import Bound
from tests.kubernetes import schemas

SERVER = JwtAuthenticator("https://id.example.com", ("kubernetes",), groups_prefix="sso:")
NOBODY = Bound()

PROPOSED = """\
# Apply this before the API server is restarted, and keep a certificate that gets you in without it.
# Names are those of the provider, with their prefix, as they stand in the token.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: oidc-view
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: "sso:developers"
# To let them do everything, take the comment signs away:
# ---
# apiVersion: rbac.authorization.k8s.io/v1
# kind: ClusterRoleBinding
# metadata:
#   name: oidc-cluster-admin
# roleRef:
#   apiGroup: rbac.authorization.k8s.io
#   kind: ClusterRole
#   name: cluster-admin
# subjects:
#   - apiGroup: rbac.authorization.k8s.io
#     kind: Group
#     name: "sso:developers"
"""


def parsed(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return the subjects by role."""
    found: dict[str, Any] = {}
    for document in yaml.safe_load_all(text):
        jsonschema.validate(document, schemas.ROLE_BINDING)
        found[document["roleRef"]["name"]] = [(one["kind"], one["name"]) for one in document["subjects"]]
    return found


def test_unasked_the_group_of_the_token_may_see() -> None:
    text = role_bindings.documents(SERVER, NOBODY, NOBODY, Bound(groups=("developers",)))
    assert text == PROPOSED
    assert parsed(text) == {"view": [("Group", "sso:developers")]}


def test_those_who_are_named_are_bound_with_their_prefixes() -> None:
    admins, viewers = Bound(("alice@example.com",), ("admins",)), Bound(groups=("1e3", 'it\'s "x"\n- y'))
    text = role_bindings.documents(SERVER, admins, viewers, Bound(groups=("never",)))
    assert parsed(text) == {
        "cluster-admin": [("Group", "sso:admins"), ("User", "oidc:alice@example.com")],
        "view": [("Group", "sso:1e3"), ("Group", 'sso:it\'s "x"\n- y')],
    }
    assert "never" not in text


def test_admins_alone() -> None:
    text = role_bindings.documents(SERVER, Bound(groups=("admins",)), NOBODY, Bound(("x",)))
    assert parsed(text) == {"cluster-admin": [("Group", "sso:admins")]}


REFUSED = {
    "group": (SERVER, Bound(groups=("system:masters",)), '"system:masters" is a name of Kubernetes itself'),
    "user": (SERVER, Bound(users=("system:admin",)), '"system:admin" is a name of Kubernetes itself'),
    "everybody": (SERVER, Bound(groups=("system:authenticated",)), "is a name of Kubernetes itself"),
    "group-with-prefix": (
        JwtAuthenticator("https://x", ("a",), groups_prefix="system"),
        Bound(groups=(":masters",)),
        '"system:masters" is a name of Kubernetes itself',
    ),
    "user-with-prefix": (
        JwtAuthenticator("https://x", ("a",), username_prefix="sys"),
        Bound(users=("tem:admin",)),
        '"system:admin" is a name of Kubernetes itself',
    ),
    "nameless": (SERVER, Bound(groups=("",)), "has no name"),
    "username-prefix": (JwtAuthenticator("https://x", ("a",), username_prefix="system:"), NOBODY, "reserved"),
    "groups-prefix": (JwtAuthenticator("https://x", ("a",), groups_prefix="system:x:"), NOBODY, "reserved"),
    "no-groups": (JwtAuthenticator("https://x", ("a",), groups_claim=""), Bound(groups=("a",)), "none are taken"),
}


@pytest.mark.parametrize(("server", "bound", "reason"), REFUSED.values(), ids=REFUSED)
def test_reserved_names_are_refused(server: JwtAuthenticator, bound: Bound, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        role_bindings.check(server, bound)

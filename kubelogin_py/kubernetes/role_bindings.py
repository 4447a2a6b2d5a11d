"""What the people who sign in may do: cluster role bindings of their groups and names (RBAC)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import yaml_documents
from kubelogin_py.kubernetes.jwt_authenticator import RESERVED, JwtAuthenticator
from kubelogin_py.text import printable

NAME = "role-bindings.yaml"

_HEADING = (
    "Apply this before the API server is restarted, and keep a certificate that gets you in without it.",
    "Names are those of the provider, with their prefix, as they stand in the token.",
)
_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Bound:
    """Whom a role is given to, in names as the provider has them.

    :param users: of the username claim.
    :param groups: of the groups claim.
    """

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it is anybody."""
        return bool(self.users or self.groups)


def check(authenticator: JwtAuthenticator, *bound: Bound) -> None:
    """Make sure that nobody is given a name of Kubernetes' own.

    :raises SettingsError: a name or prefix is reserved, or groups are bound that nobody gets.
    """
    for prefix in (authenticator.username_prefix, authenticator.groups_prefix):
        if prefix.startswith(RESERVED):
            raise SettingsError(f'the prefix "{printable(prefix, 60)}" is reserved for Kubernetes itself')
    named = [(authenticator.username_prefix, name) for one in bound for name in one.users]
    named += [(authenticator.groups_prefix, name) for one in bound for name in one.groups]
    for prefix, name in named:
        # Neither alone nor with the prefix before it, which may end in the middle of the word.
        reserved = next((text for text in (name, prefix + name) if text.startswith(RESERVED)), "")
        if reserved:
            raise SettingsError(
                f'"{printable(reserved, 60)}" is a name of Kubernetes itself', hint="name a group of the provider"
            )
        if not name:
            raise SettingsError("a user or group to be bound has no name")
    if not authenticator.groups_claim and any(one.groups for one in bound):
        raise SettingsError("groups are to be bound, and none are taken from tokens", hint="set --groups-claim")


def documents(authenticator: JwtAuthenticator, admins: Bound, viewers: Bound, suggested: Bound) -> str:
    """Return the bindings in one text.

    :param admins: who may do everything.
    :param viewers: who may see everything but secrets.
    :param suggested: whom to propose when neither was named: they may see, and a comment lets them do everything.
    """
    parts = []
    if viewers or not admins:
        parts.append(_binding(authenticator, "view", viewers or suggested))
    if admins:
        parts.append(_binding(authenticator, "cluster-admin", admins))
    text = "".join(f"# {line}\n" for line in _HEADING) + "---\n".join(parts)
    if admins or viewers:
        return text
    more = _binding(authenticator, "cluster-admin", suggested)
    return (
        text + "# To let them do everything, take the comment signs away:\n" + yaml_documents.commented("---\n" + more)
    )


def _binding(authenticator: JwtAuthenticator, role: str, bound: Bound) -> str:
    return yaml_documents.document(
        {
            "apiVersion": f"{_GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"oidc-{role}"},
            "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [
                *_subjects("Group", authenticator.groups_prefix, bound.groups),
                *_subjects("User", authenticator.username_prefix, bound.users),
            ],
        }
    )


def _subjects(kind: str, prefix: str, names: Sequence[str]) -> Iterable[dict[str, str]]:
    return ({"apiGroup": _GROUP, "kind": kind, "name": prefix + name} for name in names)

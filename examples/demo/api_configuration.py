"""What an API server is told in files: ``AuthenticationConfiguration`` and ``ClusterRoleBinding``, read strictly.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cel
import yaml
from api_authenticator import Authenticator, Refused

VERSIONS = {"apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"}


class Faulty(Exception):  # noqa: N818 -- what the file is
    """The file can't be used; a real API server would not start either."""


@dataclass(frozen=True)
class Configuration:
    """What the file says.

    :param authenticator: for its one issuer.
    :param anonymous: the paths that need no token.
    """

    authenticator: Authenticator
    anonymous: frozenset[str]


def read_configuration(path: Path) -> Configuration:
    """Return what an ``AuthenticationConfiguration`` with one issuer says.

    :raises Faulty: it has something unknown, or lacks something.
    """
    document = _members(yaml.safe_load(path.read_text(encoding="utf-8")), "apiVersion kind jwt", "anonymous")
    if document["apiVersion"] not in VERSIONS or document["kind"] != "AuthenticationConfiguration":
        raise Faulty(f"it is {document['apiVersion']}, {document['kind']}")
    (entry,) = document["jwt"]
    jwt = _members(entry, "issuer claimMappings", "claimValidationRules userValidationRules")
    issuer = _members(jwt["issuer"], "url audiences", "audienceMatchPolicy certificateAuthority")
    if not str(issuer["url"]).startswith("https://"):
        raise Faulty("the issuer is no https URL")
    if len(issuer["audiences"]) > 1 and issuer.get("audienceMatchPolicy") != "MatchAny":
        raise Faulty("several audiences need audienceMatchPolicy")
    mappings = _members(jwt["claimMappings"], "username", "groups uid")
    username = _members(mappings["username"], "claim prefix")
    groups = _members(mappings["groups"], "claim prefix") if "groups" in mappings else {"claim": "", "prefix": ""}
    authenticator = Authenticator(
        issuer["url"],
        issuer["audiences"][0],
        audiences=tuple(issuer["audiences"]),
        ca_text=issuer.get("certificateAuthority"),
        username_claim=username["claim"],
        username_prefix=username["prefix"],
        groups_claim=groups["claim"],
        groups_prefix=groups["prefix"],
        uid_claim=_members(mappings.get("uid", {"claim": ""}), "claim")["claim"],
        claim_rules=[_claim_rule(rule) for rule in jwt.get("claimValidationRules", [])],
        user_rules=[_rule(rule, "user") for rule in jwt.get("userValidationRules", [])],
    )
    return Configuration(authenticator, _anonymous(document.get("anonymous")))


def read_bound(path: Path) -> frozenset[tuple[str, str]]:
    """Return the kinds and names that cluster role bindings give a role to."""
    documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return frozenset((one["kind"], one["name"]) for document in documents for one in document["subjects"])


def _anonymous(block: Any) -> frozenset[str]:
    if block is None:
        # Without the block everybody gets as far as the roles of system:anonymous.
        return frozenset({"/version"})
    found = _members(block, "enabled", "conditions")
    return frozenset(_members(one, "path")["path"] for one in found.get("conditions", ()) if found["enabled"])


def _claim_rule(rule: Any) -> Callable[[Mapping[str, Any]], None]:
    if "expression" in rule:
        return _rule(rule, "claims")
    wanted = _members(rule, "claim requiredValue")

    def check(claims: Mapping[str, Any]) -> None:
        if claims.get(wanted["claim"]) != wanted["requiredValue"]:
            raise Refused(f"claim {wanted['claim']!r} is not {wanted['requiredValue']!r}")

    return check


def _rule(rule: Any, name: str) -> Callable[[Mapping[str, Any]], None]:
    expression = _members(rule, "expression", "message")
    try:
        program = cel.compile(expression["expression"])
    except ValueError as error:
        raise Faulty(f"{expression['expression']}: {error}") from None

    def check(values: Mapping[str, Any]) -> None:
        if program.execute({name: dict(values)}) is not True:
            raise Refused(expression.get("message", expression["expression"]))

    return check


def _members(value: Any, required: str, optional: str = "") -> dict[str, Any]:
    """Return a mapping that has what is required and nothing unknown: API servers read strictly."""
    if not isinstance(value, dict):
        raise Faulty(f"{value!r} is no mapping")
    missing = set(required.split()) - set(value)
    unknown = set(value) - set(required.split()) - set(optional.split())
    if missing or unknown:
        raise Faulty(f"missing {sorted(missing)}, unknown {sorted(unknown)}")
    return value

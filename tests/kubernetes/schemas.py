"""JSON schemas of what API servers and their installers read, from their API references; nothing else is let in.

Kubernetes: apiserver.config.k8s.io v1 and v1beta1, kubeadm.k8s.io v1beta3 and v1beta4, rbac.authorization.k8s.io v1,
kubeconfig v1. Talos: KubeAuthenticationConfig, TrustedRootsConfig, v1alpha1 (the part that is patched).
"""

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    members = {**required, **optional}
    return {"type": "object", "properties": members, "required": [*required], "additionalProperties": False}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


_ANONYMOUS = closed({"enabled": {"type": "boolean"}}, conditions=listed(closed({"path": TEXT})))
_ISSUER = {
    **closed(
        {"url": {"type": "string", "pattern": "^https://"}, "audiences": listed(TEXT)},
        discoveryURL=TEXT,
        certificateAuthority={"type": "string", "pattern": "^-----BEGIN CERTIFICATE-----"},
        audienceMatchPolicy={"const": "MatchAny"},
    ),
    # Several audiences need the policy.
    "if": {"properties": {"audiences": {"minItems": 2}}},
    "then": {"required": ["audienceMatchPolicy"]},
}
# A prefix is mandatory beside a claim, and either of claim and expression is.
_PREFIXED = {"oneOf": [closed({"claim": TEXT, "prefix": {"type": "string"}}), closed({"expression": TEXT})]}
_CLAIM = {"oneOf": [closed({"claim": TEXT}), closed({"expression": TEXT})]}
_JWT = closed(
    {"issuer": _ISSUER, "claimMappings": closed({"username": _PREFIXED}, groups=_PREFIXED, uid=_CLAIM)},
    claimValidationRules=listed(
        {
            "oneOf": [
                closed({"claim": TEXT, "requiredValue": {"type": "string"}}),
                closed({"expression": TEXT}, message=TEXT),
            ]
        }
    ),
    userValidationRules=listed(closed({"expression": TEXT}, message=TEXT)),
)
_CONFIGURATION = {"jwt": {**listed(_JWT), "maxItems": 64}}


def authentication(api_version: str, *, anonymous: bool = True) -> dict[str, Any]:
    """Return the schema of an AuthenticationConfiguration, in which we always want the anonymous block."""
    kind = {"apiVersion": {"const": api_version}, "kind": {"const": "AuthenticationConfiguration"}}
    return closed({**kind, **({"anonymous": _ANONYMOUS} if anonymous else {}), **_CONFIGURATION})


TALOS_DOCUMENT = closed(
    {
        "apiVersion": {"const": "v1alpha1"},
        "kind": {"const": "KubeAuthenticationConfig"},
        "configuration": closed({"anonymous": _ANONYMOUS, **_CONFIGURATION}),
    }
)
TALOS_ROOTS = closed(
    {"apiVersion": {"const": "v1alpha1"}, "kind": {"const": "TrustedRootsConfig"}, "name": TEXT, "certificates": TEXT}
)

_FLAG = "^oidc-(issuer-url|client-id|(username|groups)-(claim|prefix)|signing-algs|required-claim|ca-file)$"
_FLAGS = {"type": "object", "patternProperties": {_FLAG: TEXT}, "additionalProperties": False, "minProperties": 4}
TALOS_PATCH = closed({"cluster": closed({"apiServer": closed({"extraArgs": _FLAGS})})})

_ARGUMENT = "^(authentication-config=/|feature-gates=|" + _FLAG.strip("^$") + "=)"
RANCHER = closed({"kube-apiserver-arg": listed({"type": "string", "pattern": _ARGUMENT})})
GENERIC = listed({"type": "string", "pattern": _ARGUMENT.replace("^", "^--")})

_VOLUME = closed(
    {"name": TEXT, "hostPath": TEXT, "mountPath": TEXT},
    readOnly={"type": "boolean"},
    pathType={"enum": ["Directory", "DirectoryOrCreate", "File"]},
)


def kubeadm(api_version: str) -> dict[str, Any]:
    """Return the schema of a ClusterConfiguration with an API server in it."""
    mapping = {"type": "object", "additionalProperties": TEXT}
    arguments = mapping if api_version.endswith("v1beta3") else listed(closed({"name": TEXT, "value": TEXT}))
    kind = {"apiVersion": {"const": api_version}, "kind": {"const": "ClusterConfiguration"}}
    return closed({**kind, "apiServer": closed({"extraArgs": arguments}, extraVolumes=listed(_VOLUME))})


_GROUP = {"const": "rbac.authorization.k8s.io"}
ROLE_BINDING = closed(
    {
        "apiVersion": {"const": "rbac.authorization.k8s.io/v1"},
        "kind": {"const": "ClusterRoleBinding"},
        "metadata": closed({"name": {"type": "string", "pattern": "^[a-z][a-z-]*$"}}),
        "roleRef": closed({"apiGroup": _GROUP, "kind": {"const": "ClusterRole"}, "name": TEXT}),
        "subjects": listed(closed({"apiGroup": _GROUP, "kind": {"enum": ["Group", "User"]}, "name": TEXT})),
    }
)

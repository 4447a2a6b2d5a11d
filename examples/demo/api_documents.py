"""What the stand-in API server has to show: its discovery documents, two pods and a service."""

from typing import Any

CREATED = "2026-01-01T00:00:00Z"
PODS: list[dict[str, Any]] = [
    {
        "metadata": {"name": name, "namespace": "default", "uid": name, "creationTimestamp": CREATED},
        "spec": {"containers": [{"name": "hello", "image": "hello:1"}]},
        "status": {"phase": "Running"},
    }
    for name in ("hello-6d5f7c9b8-2xk4p", "hello-6d5f7c9b8-9wq7z")
]
COLUMNS = [
    {"name": name, "type": "string", "format": "", "description": name, "priority": 0}
    for name in ("Name", "Ready", "Status", "Restarts", "Age")
]
VERBS = ["get", "list"]
AUTHENTICATION = {
    "groupVersion": "authentication.k8s.io/v1",
    "version": "v1",
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.1", "platform": "linux/amd64"},
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "pods",
                "singularName": "pod",
                "namespaced": True,
                "kind": "Pod",
                "verbs": VERBS,
                "shortNames": ["po"],
                "categories": ["all"],
            },
            {"name": "services", "singularName": "service", "namespaced": True, "kind": "Service", "verbs": VERBS},
        ],
    },
    "/api/v1/namespaces/kube-system/services": {
        "kind": "ServiceList",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "1"},
        "items": [
            {
                "metadata": {
                    "name": "kube-dns",
                    "namespace": "kube-system",
                    "labels": {"kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
                },
                "spec": {"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]},
            },
        ],
    },
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {"name": "authentication.k8s.io", "versions": [AUTHENTICATION], "preferredVersion": AUTHENTICATION},
        ],
    },
    "/apis/authentication.k8s.io/v1": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "authentication.k8s.io/v1",
        "resources": [
            {
                "name": "selfsubjectreviews",
                "singularName": "selfsubjectreview",
                "namespaced": False,
                "kind": "SelfSubjectReview",
                "verbs": ["create"],
            },
        ],
    },
}
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def pods(path: str, *, table: bool) -> dict[str, Any] | None:
    """Return the answer to a request for pods, or ``None`` when the path asks for something else.

    :param table: whether the client wants the columns to print rather than the objects.
    """
    collection, _, name = path.partition("/pods/")
    if (collection if name else path) not in {
        "/api/v1/pods",
        "/api/v1/namespaces/default/pods",
        *(["/api/v1/namespaces/default"] if name else []),
    }:
        return None
    found = [pod for pod in PODS if name in ("", pod["metadata"]["name"])]
    if name and not found:
        return None
    if table:
        rows = [
            {"cells": [pod["metadata"]["name"], "1/1", "Running", "0", "1d"], "object": _partial(pod)} for pod in found
        ]
        metadata = {"resourceVersion": "1"}
        shown = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": COLUMNS, "rows": rows}
        return shown | {"metadata": metadata}
    typed = [{"kind": "Pod", "apiVersion": "v1", **pod} for pod in found]
    if name:
        return typed[0]
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": typed}


def _partial(pod: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": pod["metadata"]}


def failure(code: int, reason: str, message: str) -> dict[str, Any]:
    """Return a Status, the way Kubernetes says no."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return status | {"message": message, "reason": reason, "code": code}


NOT_FOUND = failure(404, "NotFound", "the server could not find the requested resource")

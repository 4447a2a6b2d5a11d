rm ~/.kube/cache/oidc-login/*

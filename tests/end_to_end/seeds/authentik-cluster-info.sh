kubectl --user=oidc cluster-info

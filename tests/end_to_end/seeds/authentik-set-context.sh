kubectl config set-context --current --user=oidc

kubectl oidc-login setup \
--oidc-issuer-url=<pocket ID url> \
--oidc-client-id=<client ID> \
--oidc-client-secret=<pocket ID url> \
--oidc-extra-scope=groups,email,name \
--listen-address=127.0.0.1:9090

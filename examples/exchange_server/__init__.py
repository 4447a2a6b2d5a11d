"""A reference exchange server: trades OpenID Connect ID tokens for short-lived Talos client certificates.

It speaks the wire contract of talosctl-oidc. ``python -m examples.exchange_server --config config.yaml`` starts it;
README.md beside this file says how it is configured and what it checks.
"""

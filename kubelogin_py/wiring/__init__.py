"""The only place where adapters meet the application."""

from kubelogin_py.wiring.answers import refresh_ahead, remember_answer
from kubelogin_py.wiring.signing_in import (
    command_sign_in,
    command_sign_in_to_kubeconfig,
    sign_in,
    sign_in_to_kubeconfig,
)
from kubelogin_py.wiring.upkeep import clean_directory, clean_keyring, kept_sessions

__all__ = [
    "clean_directory",
    "clean_keyring",
    "command_sign_in",
    "command_sign_in_to_kubeconfig",
    "kept_sessions",
    "refresh_ahead",
    "remember_answer",
    "sign_in",
    "sign_in_to_kubeconfig",
]

"""OpenID Connect as values and functions: no I/O, no clock, no environment, no randomness.

Everything from outside arrives as an argument, so that each check of the protocol can be tried with a value.
"""

"""Everything between a person and ``kubectl get pods``, looked at: one file for each area of checks.

A check is a function from what is known to findings. It changes nothing, sends nothing but one request, and asks
nobody; what it wants to know of the world comes through ``surroundings``.
"""

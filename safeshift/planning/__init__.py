"""Playbook x inventory x fabric -> plan: the exact, ordered commands, inverses, checks and deadlines, with a hash.

Start with ``plan.py`` (what a plan is), then ``compile.py``, ``lint.py``, ``forecast.py`` and ``show.py``.
Planning judges facts that others gather; it never talks to a device.
"""

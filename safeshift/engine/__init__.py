"""The run itself: ``machine.py`` decides (pure), ``shell.py`` performs, ``gate.py`` turns verdicts into decisions.

Start with ``machine.py``; the rules it must never break are in ``invariants.py``; undoing is ``unwind.py``.
"""

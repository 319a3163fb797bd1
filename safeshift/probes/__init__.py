"""How we look: observers measure round trips on every network, ``judge.py`` turns them into verdicts.

Start with ``base.py``. Nothing here decides what happens next: that is ``engine/gate.py``.
"""

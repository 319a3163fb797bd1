"""The journal: what happened, written down before it happens. Start with ``events.py``, then ``store.py``."""

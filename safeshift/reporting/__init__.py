"""The journal, told: to people as lines, to machines as JSON. Start with ``narration.py``."""

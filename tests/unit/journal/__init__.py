"""The journal, tested with real files and a real SQLite."""

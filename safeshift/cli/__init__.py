"""argv -> api -> exit code. Nothing is decided here that the API could not be told. Start with ``main.py``."""

"""The emulated fabric: SSH servers that behave like devices, on a network that behaves like a network.

A device's talk is in ``dialects/`` (written apart from ``platforms/``, so that a misreading is not shared), what its
configuration does to traffic is in ``world.py``. Start with ``lab.py``.
"""

"""How lab devices talk: the other side of the wire, written apart from ``platforms/``, so that no misreading is shared.

``terminal.py`` is what every device has (echo, line editing, pager, faults), ``router.py`` what network devices share,
``grammar.py`` and ``configtree.py`` their command tables and configuration; then one family of files per vendor.
"""

"""What can change, one file per action: forward, inverse and expected effect together.

Start with ``base.py``; ``ACTIONS`` in ``catalog.py`` lists them. Actions name the reads they need and never talk.
"""

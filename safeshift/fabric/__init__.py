"""What the network would do: routing, load, failures, isolation. Pure; it knows no device, no wire, no file.

Start with ``state.py`` (what a router's configuration means), then ``wiring.py`` (the fabric and its states side by
side), ``routing.py`` (paths), ``load.py`` (traffic and loss) and ``whatif.py`` (the judgement of a plan, in words).
"""

"""How we talk to devices: sessions, exchanges, guards; every foreign exception is mapped here and nowhere else.

Start with ``base.py`` (what a driver promises); ``netmiko_driver.py`` keeps it over SSH.
"""

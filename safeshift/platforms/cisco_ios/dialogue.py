"""How the command line of Cisco IOS and IOS-XE looks on the wire."""

from __future__ import annotations

import re

from safeshift.platforms.base import Dialogue

_STAMP = r"(?:\d+: )?(?:[*.]?\w{3} +\d+ (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{2,5})?: )?"

DIALOGUE = Dialogue(
    # edge1> edge1# edge1(config)# edge1(config-router)#; in configuration modes the name is cut to 20 characters
    prompt=re.compile(
        r"(?:\A|[\r\n])(?P<host>[A-Za-z0-9][\w.-]*)"
        r"(?P<open>\((?=config))?(?P<mode>(?(open)config[^()\r\n]*))(?(open)\))[>#] ?\Z"
    ),
    setup=("terminal length 0", "terminal width 511"),
    # Console messages also begin with a percent sign, but name a facility: %LINK-3-UPDOWN. They are no refusals.
    refusals=re.compile(
        r"(?im)^\s*% ?(?:error\b(?!-)|invalid\b|incomplete\b|ambiguous\b|unrecognized\b|unknown command|bad mask"
        r"|inconsistent\b|removal of\b|authorization failed|.*\boverlaps with\b|please turn config archive on"
        r"|.*\bnot (?:found|supported|allowed|permitted|enabled)\b)"
        r"|^\s*ERROR:|^\s*Bad mask\b|^\s*Command (?:authorization failed|rejected)"
    ),
    questions=re.compile(
        r"(?i)(?:\[confirm\]|\[yes/no\]|\[y/n\]|\(y/n\)|\(yes/no\)|\[no\]|\[yes\]|password|\[[\w./:-]+\]\?)\s*[:?]?\s*\Z"
    ),
    enter_config="configure terminal",
    leave_config="end",
    show_config="show running-config",
    save="write memory",
    saved=re.compile(r"(?m)^\s*\[OK\]\s*$"),
    noise=re.compile(
        rf"(?m)^(?:{_STAMP}%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: .*"
        r"|Rollback Confirmed Change: (?:Rollback will begin in|Backing up current running config to|rolling to:).*"
        r"|Enter \"configure confirm\" if you wish to keep what you've configured)$"
    ),
)

"""How the command line of Arista EOS looks on the wire."""

from __future__ import annotations

import re

from safeshift.platforms.base import Dialogue

DIALOGUE = Dialogue(
    # leaf1> leaf1# leaf1(config-if-Et1)# leaf1(config-s-safesh-router-ospf)#; with a supervisor's slot: leaf1(s1)#
    prompt=re.compile(
        r"(?:\A|[\r\n])(?P<host>[A-Za-z0-9][\w.-]*)(?:\(s\d\))?"
        r"(?P<open>\((?=config))?(?P<mode>(?(open)config[^()\r\n]*))(?(open)\))[>#] ?\Z"
    ),
    setup=("terminal length 0", "terminal width 511"),
    refusals=re.compile(
        r"(?im)^\s*% ?(?:error\b(?!-)|bad secret|invalid\b|incomplete\b|ambiguous\b|cannot\b|unable\b|unrecognized\b"
        r"|authorization denied|session\b.*\b(?:does not exist|no longer)|.*\bnot (?:found|supported|permitted)\b"
        r"|this is an unconverted command|maximum number of pending sessions)"
        r"|^\s*Maximum number of pending sessions has been reached|^\s*Authorization denied"
    ),
    questions=re.compile(
        r"(?i)(?:\[confirm\]|\[yes/no\]|\[y/n\]|\(y/n\)|\(yes/no\)|\[no\]|\[yes\]|\[y\]|password|\[[\w./:-]+\]\?)\s*[:?]?\s*\Z"
    ),
    enter_config="configure terminal",
    leave_config="end",
    show_config="show running-config",
    save="write memory",
    saved=re.compile(r"(?m)^Copy completed successfully\.\s*$"),
    noise=re.compile(
        r"(?m)^(?:\w{3} +\d+ \d\d:\d\d:\d\d(?:\.\d+)? \S+ \w+: )?%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: .*$"
    ),
)

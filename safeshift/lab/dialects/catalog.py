"""The dialects that there are. A new one is one entry here, and a family of files beside ``eos.py``."""

from __future__ import annotations

from safeshift.errors import LabError
from safeshift.lab.dialects.base import Dialect
from safeshift.lab.dialects.eos_commands import Eos
from safeshift.lab.dialects.ios_commands import Ios
from safeshift.lab.dialects.linux import Linux

_EOS, _IOS, _LINUX = Eos(), Ios(), Linux()
_BY_NAME: dict[str, Dialect] = {
    "arista_eos": _EOS,
    "cisco_ios": _IOS,
    "cisco_xe": _IOS,
    "linux": _LINUX,
}


def dialect_named(name: str) -> Dialect:
    """Return a dialect.

    Raises:
        LabError: there is none of that name.

    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise LabError(f"the lab speaks no {name!r}", hint=f"it speaks {', '.join(_BY_NAME)}") from None

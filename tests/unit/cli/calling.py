"""The command line called in this process: argv in, exit code and what was printed out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from safeshift.cli.main import main


@dataclass(frozen=True)
class Answered:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


Cli = Callable[..., Answered]


def caller(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Give a function that calls the command line with its arguments."""

    def call(*arguments: object) -> Answered:
        monkeypatch.setattr(sys, "argv", ["safeshift", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
            sys.exit(0)
        out, err = capsys.readouterr()
        return Answered(int(left.value.code or 0), out, err)

    return call

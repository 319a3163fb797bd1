"""A command line in the journal shows no secret."""

from __future__ import annotations

import pytest

from safeshift.journal.masking import masked


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ansible_password='a b' speed=100G", "ansible_password=*** speed=***"),
        ("enable_pw=Sum,mer}2024", "enable_pw=***"),
        ('{"enable_secret": "a b", "x": 1}', "***"),
        ("{snmp_community: two words, x: 1}", "***"),
        ("not a pair", "***"),
        ("quote='open", "***"),
        ("@secrets.yml", "@secrets.yml"),
    ],
)
def test_values_of_extra_variables_are_not_kept(given: str, kept: str) -> None:
    """The name stays, so that a reader sees what was set; no value does, however the option is written."""
    assert masked(["safeshift", "run", "-e", given, "x=1"]) == ("safeshift", "run", "-e", kept, "x=1")
    assert masked(["run", f"-e{given}", "--extra-vars", given]) == ("run", f"-e{kept}", "--extra-vars", kept)
    assert masked([f"--extra-vars={given}", "--private-key=/k"]) == (f"--extra-vars={kept}", "--private-key=/k")

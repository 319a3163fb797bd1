"""A command line in the journal shows no secret."""

from __future__ import annotations

import pytest

from safeshift.journal.masking import masked


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ansible_password=hunter2 speed=100G", "ansible_password=*** speed=100G"),
        ("-epassword=x", "-epassword=***"),
        ("--extra-vars=api_token=abc", "--extra-vars=api_token=***"),
        ('{"enable_secret": "a b", "x": 1}', '{"enable_secret": ***, "x": 1}'),
        ("{snmp_community: c, x: 1}", "{snmp_community: ***, x: 1}"),
        ("SSH_KEY='a b'", "SSH_KEY=***"),
        ("--private-key=/home/k", "--private-key=/home/k"),
        ("@secrets.yml", "@secrets.yml"),
        ("speed=100G", "speed=100G"),
    ],
)
def test_values_of_what_sounds_secret_are_not_kept(given: str, kept: str) -> None:
    """The name stays, so that a reader sees what was set; the value does not."""
    assert masked(["safeshift", "run", "-e", given]) == ("safeshift", "run", "-e", kept)

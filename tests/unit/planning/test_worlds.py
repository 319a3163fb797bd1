"""The states in the middle of a move: its devices change in any order, wave by wave."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

from safeshift.planning.forecast import foresee
from safeshift.planning.plan import WAVE, Change, Plan
from safeshift.planning.worlds import Frame, walk
from tests.unit.planning.building import EXPOSED, configs, plan_of, playbook_of, site

SWAP = """
- {drain: {}, when: inventory_hostname == 'p2'}
- name: Swap
  block:
    together: true
    steps:
      - {undrain: {}, when: inventory_hostname == 'p2'}
      - {drain: {}, when: inventory_hostname == 'p1'}
- {undrain: {}, when: inventory_hostname == 'p1'}
"""
"""Harmless after each of its moves; in the midst of the second one both primary routers may be out."""


def swap(tmp_path: Path) -> Plan:
    """Its plan."""
    return plan_of(playbook_of(tmp_path, SWAP, f"hosts: primary_routers\n{EXPOSED}"))


def frame_of(tmp_path: Path, number: int) -> Frame:
    """Walk a plan whose one move changes so many devices, none of which forwards anything."""
    plan = plan_of(playbook_of(tmp_path, "- config: vlan 7"))
    changes = tuple(Change(f"d{at}", "cisco_ios", "p1", ("vlan 7",), (), "", "vlan 7\n") for at in range(number))
    move = replace(plan.moves[0], changes=changes)
    (frame,) = walk(replace(plan, batches=(replace(plan.batches[0], moves=(move,)),)), site(), configs())
    return frame


def test_move_of_two_devices_is_walked_with_each_of_them_alone(tmp_path: Path) -> None:
    """Which of them changes first is not known; both is its end, none its beginning."""
    swapping = next(frame for frame in walk(swap(tmp_path), site(), configs()) if frame.move.name == "Swap")
    assert sorted(devices for devices, _ in swapping.halves) == [("p1",), ("p2",)]
    for devices, states in swapping.halves:
        assert {name for name in states if states[name] != swapping.before[name]} == set(devices)


def test_move_of_eight_devices_is_walked_with_every_part_of_each_wave(tmp_path: Path) -> None:
    """Any of the first six alone and together; then all of these with either of the last two."""
    names = tuple(f"d{at}" for at in range(8))
    first = names[:WAVE]
    expected = {part for size in range(1, WAVE + 1) for part in combinations(first, size)}
    walked = [devices for devices, _ in frame_of(tmp_path, 8).halves]
    assert len(walked) == len(set(walked)) == 2**WAVE - 1 + 2
    assert set(walked) == expected | {(*first, "d6"), (*first, "d7")}


def test_move_of_a_whole_wave_is_not_walked_twice_at_its_end(tmp_path: Path) -> None:
    """All six devices are the end of the move, not the middle of it."""
    walked = [devices for devices, _ in frame_of(tmp_path, WAVE).halves]
    assert (len(walked), max(map(len, walked))) == (2**WAVE - 2, WAVE - 1)


def test_swap_that_may_take_both_routers_out_for_a_moment_is_refused(tmp_path: Path) -> None:
    """Whichever router is told first, the what-if foresees what happens until the other one is."""
    judgement = foresee(swap(tmp_path), site(), configs())
    assert any(
        one.startswith("s1 would carry 80 of 20 Gbit/s") and "while 'Swap'" in one and "applied to p1 only" in one
        for one in judgement.refusals
    ), judgement.refusals

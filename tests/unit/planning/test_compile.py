"""Playbooks compiled on the README's site: order, commands, conditions, filters, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from safeshift.actions.base import MoveKind
from safeshift.errors import InputError, InventoryError, LintError, PlanError, PlaybookError
from safeshift.fabric.expected import expected_states
from safeshift.model.inventory import load_inventory
from safeshift.model.playbook import Playbook
from safeshift.model.vault import Secret
from safeshift.planning.compile import compile_plan, devices_of, needs_approval
from safeshift.planning.forecast import foresee
from safeshift.planning.plan import GoalCheck
from safeshift.planning.selecting import Selection
from safeshift.planning.site import site_of, suggested_configs
from tests.unit.planning.building import (
    ROOT,
    configs,
    fabric,
    inventory,
    lines_of,
    plan_of,
    playbook_of,
    shipped,
    site,
    told,
    typed,
)


def test_upgrade_of_the_readme_is_two_batches_of_four_moves() -> None:
    """Serial 1 takes one router through all stages before the next one begins."""
    plan = plan_of(shipped("upgrade-primary"))
    names = ["Shift", "Drained", "Raise the uplinks", "Unshift"]
    assert told(plan) == [
        (f"1.{batch}.{at}", name, (host,)) for batch, host in ((1, "p1"), (2, "p2")) for at, name in enumerate(names, 1)
    ]
    assert [move.kind.value for move in plan.batches[0].moves] == ["change", "drained", "change", "change"]
    assert plan.touched == ("p1", "l1", "l2", "l3", "l4", "p2")
    assert plan.batches[0].moves[0].stage == "Shift traffic off p1"
    assert plan.batches[0].exposure is not None and plan.batches[0].exposure.max_s == 1200


def test_commands_and_inverses_are_those_of_each_platform() -> None:
    """EOS and IOS get their own lines, the far ends of each link in the same move."""
    plan = plan_of(shipped("upgrade-primary"))
    shift, _, speed, unshift = plan.batches[1].moves
    assert lines_of(shift) == {"p2": ("router ospf 1", "max-metric router-lsa")}
    assert lines_of(speed)["l1"] == ("interface Ethernet2", "speed 100gfull")
    assert lines_of(speed)["l2"] == ("interface HundredGigE1/0/2", "speed 100000")
    assert [line.strip() for line in speed.changes[1].inverse] == ["interface Ethernet2", "speed 40gfull"]
    assert lines_of(unshift) == {"p2": ("router ospf 1", "no max-metric router-lsa")}
    assert all(change.unproven for change in speed.changes) and not shift.changes[0].unproven


def test_each_change_starts_from_what_the_one_before_it_leaves() -> None:
    """The configurations of a device run through the plan without a gap."""
    known = configs()
    for move in plan_of(shipped("upgrade-primary")).moves:
        for change in move.changes:
            assert change.before == known[change.device]
            known[change.device] = change.after
            assert (
                site()
                .platforms[change.device]
                .equal(site().platforms[change.device].apply(change.after, change.inverse), change.before)
            )


def test_goal_is_both_ends_of_every_link_and_the_configurations() -> None:
    """What is observed at the end of a batch is what the play names, and what was planned."""
    batch = plan_of(shipped("upgrade-primary")).batches[0]
    speeds = {(check.device, check.subject) for check in batch.goal if check.kind == "speed"}
    assert len(speeds) == 8 and ("p1", "Ethernet4") in speeds and ("l4", "HundredGigE1/0/1") in speeds
    assert [check.device for check in batch.goal if check.kind == "lines"] == ["p1", "l1", "l2", "l3", "l4"]
    assert batch.goal_declared


def is_in_force(check: GoalCheck, config: str) -> bool:
    """Whether a goal's lines are in a configuration: typing them again would change nothing."""
    platform = site().platforms[check.device]
    return platform.equal(platform.apply(config, check.expected.splitlines()), config)


def test_lines_of_a_batch_are_in_force_at_its_end_whatever_others_wrote_elsewhere() -> None:
    """A description typed by somebody else does no harm; a lost line does; what was taken back has to be back."""
    batch = plan_of(shipped("upgrade-primary")).batches[0]
    ends = {change.device: change.after for move in batch.moves for change in move.changes}
    checks = {check.device: check for check in batch.goal if check.kind == "lines"}
    for device, check in checks.items():
        foreign = typed(device, "interface Loopback7", " description theirs", start=ends)
        assert is_in_force(check, ends[device]) and is_in_force(check, foreign[device])
        assert not is_in_force(check, configs()[device])
    drained = typed("p1", "router ospf 1", " max-metric router-lsa", start=ends)["p1"]
    assert not is_in_force(checks["p1"], drained)


def test_line_that_a_later_step_replaces_is_not_observed(tmp_path: Path) -> None:
    """Of two descriptions the last one counts; what else came with the first one still does."""
    steps = """
- config: {parents: [interface Ethernet1], lines: [description one, mtu 1600]}
- config: {parents: [interface Ethernet1], lines: [description two]}
"""
    plan = plan_of(playbook_of(tmp_path, steps))
    (check,) = plan.batches[0].goal
    end = plan.moves[1].changes[0].after
    eos = site().platforms["p1"]
    assert "description one" not in check.expected and is_in_force(check, end)
    assert not is_in_force(check, eos.apply(end, ["interface Ethernet1", " no mtu"]))


@pytest.mark.parametrize(
    ("goal", "start", "undone"),
    [
        ("drain", ("router ospf 1", " max-metric router-lsa"), ("router ospf 1", " no max-metric router-lsa")),
        ("undrain", ("vlan 7",), ("router ospf 1", " max-metric router-lsa")),
        ("config: vlan 7", ("vlan 7",), ("no vlan 7",)),
    ],
)
def test_goal_that_is_there_already_is_observed_all_the_same(
    tmp_path: Path, goal: str, start: tuple[str, ...], undone: tuple[str, ...]
) -> None:
    """That nothing had to be sent is no reason not to look at the end."""
    written = goal if ":" in goal else f"{goal}: {{}}"
    known = typed("p1", *start)
    plan = plan_of(playbook_of(tmp_path, "- pause: 1s", f"hosts: p1\ngoal: [{{{written}}}]"), start=known)
    (check,) = plan.batches[0].goal
    assert check.kind == "lines" and is_in_force(check, known["p1"])
    assert not is_in_force(check, typed("p1", *undone, start=known)["p1"])


@pytest.mark.parametrize(
    "selection",
    [
        Selection(limit="p1"),
        Selection(skip_tags=("x",)),
        Selection(start_at_step="Shift by*"),
        Selection(tags=("all",)),
    ],
    ids=["limit", "skip tags", "start", "tags"],
)
def test_cut_plan_is_held_to_its_own_effects(selection: Selection) -> None:
    """A plan that is cut by a filter cannot be asked for the whole play's goal."""
    batch = plan_of(shipped("incident-2011"), selection=selection).batches[0]
    assert not batch.goal_declared
    assert {check.kind for check in batch.goal} == {"lines"}


def test_limit_keeps_the_far_ends(tmp_path: Path) -> None:
    """``-l p1`` still changes both ends of p1's links, and nothing of p2's."""
    plan = plan_of(shipped("upgrade-primary"), selection=Selection(limit="p1"))
    assert plan.touched == ("p1", "l1", "l2", "l3", "l4")


def test_start_at_step_skips_what_comes_before_it_in_the_first_batch_only() -> None:
    """As ``--start-at-task``: from the first match on, everything."""
    plan = plan_of(shipped("upgrade-primary"), selection=Selection(start_at_step="Unshift"))
    assert [move.name for move in plan.moves] == ["Unshift", "Shift", "Drained", "Raise the uplinks", "Unshift"]


def test_what_is_already_true_has_no_lines(tmp_path: Path) -> None:
    """A router that is drained already is not drained again."""
    plan = plan_of(playbook_of(tmp_path, "- drain: {}"), start=typed("p1", "router ospf 1", " max-metric router-lsa"))
    assert lines_of(plan.moves[0]) == {"p1": ()}


def test_plan_is_data_with_one_hash(tmp_path: Path) -> None:
    """Equal plans have equal JSON and equal hashes; a changed line changes both."""
    one, other = plan_of(shipped("upgrade-primary")), plan_of(shipped("upgrade-primary"))
    assert json.dumps(one.to_json()) == json.dumps(other.to_json()) and one.hash == other.hash
    assert one.hash != plan_of(shipped("incident-2011")).hash
    assert one.hash != replace(one, notes=("another",)).hash


def test_plan_without_devices_says_what_the_files_suggest() -> None:
    """Offline, the same moves are planned on OSPF process 1, marked as the device's to decide."""
    online = plan_of(shipped("upgrade-primary"))
    offline = compile_plan(shipped("upgrade-primary"), inventory(), fabric(), configs=None)
    assert offline.offline and told(offline) == told(online)
    assert [lines_of(move) for move in offline.moves] == [lines_of(move) for move in online.moves]
    assert all(change.from_device for move in offline.moves for change in move.changes)


def test_suggested_configurations_mean_what_the_fabric_file_says() -> None:
    """What an offline plan starts from reads back as the file's own states, but for how a platform derives costs."""
    read = site().states_of(suggested_configs(site()))
    assert {name: replace(state, reference_bandwidth=None) for name, state in read.items()} == expected_states(fabric())


def test_when_on_plain_variables_is_decided_now_per_host(tmp_path: Path) -> None:
    """A host whose condition is false is not in the move; a step that nobody takes is no move."""
    steps = """
- {name: one, drain: {}, when: inventory_hostname == 'p2'}
- {name: none, drain: {}, when: [inventory_hostname == 'p2', never]}
- {name: listed, pause: 1s, when: "'primary_routers' in group_names"}
"""
    plan = plan_of(playbook_of(tmp_path, steps, "hosts: primary_routers\nvars: {never: false}"))
    assert told(plan) == [("1.1.1", "one", ("p2",)), ("1.1.2", "listed", ("p1", "p2"))]


def test_when_on_a_registered_answer_stays_for_the_run_with_what_it_needs(tmp_path: Path) -> None:
    """The plain half of the conditions is decided; the values that the other half needs are in the move."""
    steps = """
- {command: show version, register: v}
- {name: both, drain: {}, when: [wanted is defined, v.stdout is search(wanted)], vars: {wanted: "4.{{ minor }}"}}
"""
    move = plan_of(playbook_of(tmp_path, steps, "hosts: p1\nvars: {minor: 30}")).moves[1]
    assert move.when == {"p1": ("v.stdout is search(wanted)",)}
    assert move.variables == {"p1": {"wanted": "4.30"}}
    assert move.changes[0].lines


def test_loop_is_one_move_per_item_with_its_label(tmp_path: Path) -> None:
    """Each item is a move of its own; hosts with fewer items drop out; the name shows the item."""
    steps = """
- {name: "vlan {{ item }}", config: "vlan {{ item }}", loop: "{{ [7, 8] if inventory_hostname == 'p1' else [7] }}"}
- {config: "vlan {{ v }}", loop: [9], loop_control: {loop_var: v}}
"""
    plan = plan_of(playbook_of(tmp_path, steps, "hosts: primary_routers"))
    assert told(plan) == [
        ("1.1.1", "vlan 7", ("p1", "p2")),
        ("1.1.2", "vlan 8", ("p1",)),
        ("1.1.3", "config (9)", ("p1", "p2")),
    ]
    assert lines_of(plan.moves[1]) == {"p1": ("vlan 8",)}


def test_delegate_to_changes_another_device_with_the_hosts_variables(tmp_path: Path) -> None:
    """The lines are rendered for the host and typed on the delegate."""
    steps = "- {config: 'ip route 198.51.100.0/24 Null0 name {{ inventory_hostname }}', delegate_to: l1}"
    move = plan_of(playbook_of(tmp_path, steps)).moves[0]
    assert (move.hosts, move.devices, move.targets) == (("p1",), ("l1",), {"p1": "l1"})
    assert move.changes[0].lines[0].endswith("name p1")


def test_block_is_one_move_and_one_change_per_device(tmp_path: Path) -> None:
    """Steps that belong together are sent together; the inverse goes back to before the first of them."""
    steps = """
- name: both
  block:
    together: true
    steps:
      - config: vlan 7
      - config: {lines: [name seven], parents: [vlan 7]}
      - {config: vlan 8, delegate_to: l1}
"""
    plan = plan_of(playbook_of(tmp_path, steps))
    move = plan.moves[0]
    assert told(plan) == [("1.1.1", "both", ("p1",))]
    assert lines_of(move) == {"p1": ("vlan 7", "vlan 7", "name seven"), "l1": ("vlan 8",)}
    assert [step.id for step in move.steps] == ["1.1.1.1", "1.1.1.2", "1.1.1.3"]
    eos = site().platforms["p1"]
    assert eos.equal(eos.apply(move.changes[0].after, move.changes[0].inverse), configs()["p1"])


def test_tags_of_play_stage_and_block_are_inherited(tmp_path: Path) -> None:
    """A step has its own tags and those of all that it stands in."""
    steps = """
- {name: plain, pause: 1s}
- {name: tagged, pause: 1s, tags: deep}
- {name: whole, tags: outer, block: {together: true, steps: [{config: vlan 7, tags: deep}, {config: vlan 8}]}}
"""
    playbook = playbook_of(tmp_path, steps, "hosts: p1\ntags: all_of_it")
    names = {
        tag: [move.name for move in plan_of(playbook, selection=Selection(tags=(tag,))).moves]
        for tag in ("all_of_it", "deep", "outer")
    }
    assert names == {
        "all_of_it": ["plain", "tagged", "whole"],
        "deep": ["tagged", "whole"],
        "outer": ["whole"],
    }
    cut = plan_of(playbook, selection=Selection(tags=("deep",))).moves[1]
    assert lines_of(cut) == {"p1": ("vlan 7",)}


def test_magic_variables_are_ansibles(tmp_path: Path) -> None:
    """Templates see the host, its groups, the batch, the limit, and other hosts' variables as those see them."""
    steps = """
- when: inventory_hostname == 'p1'
  assert:
    that:
      - group_names == ['primary_routers', 'routers']
      - groups.primary_routers == ['p1', 'p2']
      - play_hosts == ['p1']
      - ansible_play_hosts == ['p1', 'p2']
      - ansible_play_batch == [inventory_hostname]
      - ansible_limit == 'p1:p2'
      - hostvars['p2'].inventory_hostname == 'p2' and hostvars.l1.site == site
      - "'p9' not in hostvars"
"""
    playbook = playbook_of(tmp_path, steps, "hosts: primary_routers\nserial: 1")
    plan = plan_of(playbook, selection=Selection(limit="p1:p2"))
    assert told(plan) == [("1.1.1", "assert", ("p1",))]
    assert plan.moves[0].arguments["p1"]["that"] == []


def test_assert_on_plain_variables_is_decided_now(tmp_path: Path) -> None:
    """What the files contradict is refused before anything is contacted, in the playbook's own words."""
    steps = "- assert: {that: [speed == '100G'], fail_msg: 'speed is {{ speed }}'}"
    with pytest.raises(PlanError, match="assert fails already: speed is 40G"):
        plan_of(playbook_of(tmp_path, steps, "hosts: p1\nvars: {speed: 40G}"))


def test_extra_variables_are_stronger_than_all_others(tmp_path: Path) -> None:
    """As with ``-e``: above the step's own."""
    playbook = playbook_of(tmp_path, "- {config: 'vlan {{ v }}', vars: {v: 2}}", "hosts: '{{ where }}'\nvars: {v: 1}")
    plan = plan_of(playbook, extra={"v": 3, "where": "p2"})
    assert lines_of(plan.moves[0]) == {"p2": ("vlan 3",)}


def test_override_of_a_host_stands_in_the_place_of_the_table(tmp_path: Path) -> None:
    """``safeshift_link_speed`` names the lines for one device; only ``{interface}`` is filled in."""
    (tmp_path / "own.yml").write_text(
        'all: {hosts: {l1: {safeshift_link_speed: {100G: ["interface {interface}", " speed forced 100gfull"]}}}}\n'
    )
    own = load_inventory([str(ROOT / "inventories" / "dc1"), str(tmp_path / "own.yml")])
    move = plan_of(playbook_of(tmp_path, "- link_speed: {speed: 100G, links: [Ethernet1]}"), other=own).moves[0]
    assert lines_of(move)["l1"] == ("interface Ethernet1", "speed forced 100gfull")
    assert move.takes_down == ("l1:Ethernet1--p1:Ethernet1",)


def test_command_that_only_the_inventory_knows_means_what_it_says(tmp_path: Path) -> None:
    """A device's own commands reach the goal, are judged by what they are for, and are not sent twice."""
    (tmp_path / "own.yml").write_text(
        'all: {hosts: {l1: {safeshift_link_speed: {100G: ["interface {interface}", " transceiver rate hundred"]}}}}\n'
    )
    own = load_inventory([str(ROOT / "inventories" / "dc1"), str(tmp_path / "own.yml")])
    plan = plan_of(shipped("upgrade-primary"), other=own)
    assert lines_of(plan.moves[2])["l1"] == ("interface Ethernet1", "transceiver rate hundred")
    assert foresee(plan, site_of(own, fabric()), configs()).refusals == ()
    after = {change.device: change.after for move in plan.moves for change in move.changes}
    again = plan_of(playbook_of(tmp_path, "- link_speed: 100G"), other=own, start={**configs(), **after})
    assert not any(change.lines for change in again.moves[0].changes)


def test_link_by_its_name_and_by_its_interface_is_the_same(tmp_path: Path) -> None:
    """``links:`` takes both."""
    plans = [
        plan_of(playbook_of(tmp_path, f"- link_speed: {{speed: 100G, links: ['{name}']}}")).moves[0].changes
        for name in ("Ethernet5", "p1:Ethernet5--s1:Ethernet5")
    ]
    assert plans[0] == plans[1] and [change.device for change in plans[0]] == ["p1", "s1"]


def test_approval_is_asked_for_before_the_run(tmp_path: Path) -> None:
    """Whoever starts a run can know that a person will be needed."""
    assert needs_approval(plan_of(playbook_of(tmp_path, "- approve: sure")))
    assert not needs_approval(plan_of(shipped("upgrade-primary")))


@pytest.mark.parametrize("hosts", ['""', "[]", '"{{ nobody }}"', '["p1", ""]'])
def test_play_for_an_empty_pattern_is_refused_and_not_for_all(tmp_path: Path, hosts: str) -> None:
    """A variable that turned out empty must not mean every device."""
    with pytest.raises(PlaybookError, match="hosts is empty, and that would be every host"):
        plan_of(playbook_of(tmp_path, "- pause: 1s", f'hosts: {hosts}\nvars: {{nobody: ""}}'))


def test_empty_limit_is_refused_and_not_no_limit(tmp_path: Path) -> None:
    """A shell variable that turned out empty must not mean every device."""
    with pytest.raises(InputError, match="the limit is empty"):
        plan_of(playbook_of(tmp_path, "- pause: 1s", "hosts: p1"), selection=Selection(limit=""))


@pytest.mark.parametrize(("host", "guard"), [("p2", "3h"), ("p1", "25h")])
def test_guard_longer_than_the_platform_has_is_refused_when_the_plan_is_made(
    tmp_path: Path, host: str, guard: str
) -> None:
    """Not in the middle of a run, when earlier moves are in already."""
    with pytest.raises(LintError, match="is not possible on"):
        plan_of(playbook_of(tmp_path, "- drain: {}", f"hosts: {host}\nguard: {guard}"))


def test_guard_is_rounded_up_to_the_coarsest_timer_of_the_move(tmp_path: Path) -> None:
    """IOS counts minutes, EOS seconds: alone p1 keeps its seconds, with p2 both get whole minutes."""
    head = "hosts: {}\nguard: 130s\nverify: {{settle: 1s}}"
    alone = plan_of(playbook_of(tmp_path, "- drain: {}", head.format("p1")))
    both = plan_of(playbook_of(tmp_path, "- drain: {}", head.format("primary_routers")))
    assert (alone.moves[0].checks.guard_s, both.moves[0].checks.guard_s) == (130, 180)


@pytest.mark.parametrize(
    ("host", "verify", "told", "least"),
    [
        ("p1", "{}", "apply, settle and hold may take 95 s", 96),
        ("p2", "{}", "apply, settle and hold may take 95 s", 120),
        ("p1", "{deadline: 5s, settle: 40s, hold: 1s}", "settle and the time to confirm take 70 s", 71),
    ],
)
def test_guard_shorter_than_its_verdict_is_refused_with_the_shortest_that_would_do(
    tmp_path: Path, host: str, verify: str, told: str, least: int
) -> None:
    """No timer is set anew while the verdict is open; what the hint names is accepted, and a unit less is not."""
    head = f"hosts: {host}\nverify: {verify}\nguard: "
    unit = site().platforms[host].guard_unit_s
    with pytest.raises(LintError) as caught:
        plan_of(playbook_of(tmp_path, "- drain: {}", f"{head}{least - unit}s"))
    assert f"the guard of 'drain' is too short: {told}" in str(caught.value)
    assert caught.value.hint.startswith(f"write guard: {least}s or more")
    assert plan_of(playbook_of(tmp_path, "- drain: {}", f"{head}{least}s")).moves[0].checks.guard_s == least


def test_device_that_cannot_arm_a_guard_is_told_with_the_lines_it_needs(tmp_path: Path) -> None:
    """An IOS without archive has no revert timer; the plan says so and goes on."""
    plan = plan_of(playbook_of(tmp_path, "- drain: {}", "hosts: p2"), start=typed("p2", "no archive"))
    assert any(note.startswith("no guard on p2: ") and "archive / path flash" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("steps", "head", "message"),
    [
        ("- drain: {}", "hosts: n1", "n1 is not a router of the fabric"),
        ("- shift: secondary", "hosts: p1", "p1 is of network primary; shift keeps traffic inside it"),
        ("- shift: primry", "hosts: p1", "there is no network 'primry'"),
        ("- link_speed: {speed: 100G, links: [Ethernet9]}", "hosts: p1", "p1 has no link 'Ethernet9'"),
        ("- command: reload", "hosts: p1", "'reload' is not a command that only reads on Arista EOS"),
        ("- command: rm -rf /", "hosts: n1", "is not a command that only reads on Linux"),
        ("- config: vlan 1", "hosts: n1", "n1"),
        ("- drain: bgp_graceful_shutdown", "hosts: p2", "BGP graceful shutdown cannot be made safe on Cisco IOS"),
        ("- wait_drained: {}", "hosts: s1", "s1 has no link inside its own network to watch"),
        ("- {pause: 1s, when: false}", "hosts: p1", "there is nothing to do"),
    ],
)
def test_what_cannot_be_done_here_is_refused(tmp_path: Path, steps: str, head: str, message: str) -> None:
    """Good files that make no plan together are refused in one sentence."""
    with pytest.raises(PlanError, match=message):
        plan_of(playbook_of(tmp_path, steps, head))


@pytest.mark.parametrize(
    ("steps", "head", "message"),
    [
        ("- config: 'vlan {{ vln }}'", "hosts: p1\nvars: {vlan: 1}", "7:19: there is no variable 'vln'"),
        ("- config: 'vlan {{ v }}'", 'hosts: p1\nvars: {v: "1\\nreload"}', "U\\+000A"),
        ("- {config: vlan 1, delegate_to: p9}", "hosts: p1", "the inventory has no host 'p9'"),
        ("- {pause: 1s, loop: '{{ 5 }}'}", "hosts: p1", "a loop needs a list"),
        ("- pause: 1s", "hosts: p1\nverify: {require: [primry]}", "there is no network 'primry'"),
        ("- pause: 1s", "hosts: p1\nguard: '{{ g }}'\nvars: {g: 5}", "guard: '5' is not a duration"),
        ("- block: {together: true, steps: [{pause: 1s}]}", "hosts: p1", "a block is one change, planned whole"),
    ],
)
def test_what_only_rendering_shows_is_refused_at_its_place(tmp_path: Path, steps: str, head: str, message: str) -> None:
    """Errors that need the inventory to be seen still point into the playbook."""
    with pytest.raises(PlaybookError, match=message) as caught:
        plan_of(playbook_of(tmp_path, steps, head))
    assert caught.value.place is not None and caught.value.place.line > 0


def test_host_that_is_not_in_the_inventory_is_refused(tmp_path: Path) -> None:
    """A play's pattern names hosts that exist; the refusal has the place of the pattern and the nearest name."""
    with pytest.raises(PlaybookError, match=r"x.yml:2:10: no host and no group is called 'rotuers'") as refused:
        plan_of(playbook_of(tmp_path, "- pause: 1s", "hosts: rotuers"))
    assert refused.value.hint == "did you mean 'routers'?"


def test_limit_that_names_nobody_is_not_blamed_on_the_play(tmp_path: Path) -> None:
    """What stands wrong on the command line has no place in the playbook."""
    with pytest.raises(InventoryError, match=r"^no host and no group is called 'p9'"):
        plan_of(playbook_of(tmp_path, "- pause: 1s", "hosts: routers"), selection=Selection(limit="p9"))


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("p1 ansible_network_os=eos\n", "l1 is part of this step, but the inventory gives it no platform"),
        (
            "p1 ansible_network_os=eos\nl1 ansible_network_os=junos\n",
            r"l1 is part of this step: ansible_network_os 'junos' is not supported \(supported: eos, .*\); "
            "it stands in .*hosts:2:23$",
        ),
    ],
)
def test_far_end_that_cannot_be_spoken_to_is_refused_at_the_step(tmp_path: Path, hosts: str, message: str) -> None:
    """Both ends change or none does; a platform that is not supported is called so, with its place."""
    (tmp_path / "hosts").write_text(hosts)
    playbook = playbook_of(tmp_path, "- link_speed: 100G")
    with pytest.raises(PlanError, match=rf"x.yml:6:11: {message}"):
        plan_of(playbook, other=load_inventory([str(tmp_path / "hosts")]))


def test_vaulted_value_is_never_part_of_what_is_sent(tmp_path: Path) -> None:
    """Plans are shown and journaled, so no secret may be in one, however deep."""
    playbook = playbook_of(tmp_path, "- config: 'username x secret {{ keys.one }}'", "hosts: p1")
    with pytest.raises(PlaybookError, match="a vaulted value would be sent"):
        plan_of(playbook, extra={"keys": {"one": Secret("hidden")}})


def test_goal_that_the_plan_does_not_reach_is_refused(tmp_path: Path) -> None:
    """A plan whose own end is not its goal cannot succeed."""
    head = "hosts: p1\ngoal:\n  - link_speed: 100G"
    with pytest.raises(
        PlanError, match=r"the plan ends without its goal link_speed: p1 would still need 'speed 100gfull'"
    ):
        plan_of(playbook_of(tmp_path, "- drain: {}", head))


def test_drain_by_cost_is_taken_back_to_the_costs_before_it(tmp_path: Path) -> None:
    """``undrain`` gives back what this plan's drain took, also when another change came between."""
    steps = "- drain: interface_cost\n- config: vlan 7\n- undrain: interface_cost"
    for host in ("p1", "p2"):
        plan = plan_of(playbook_of(tmp_path, steps, f"hosts: {host}"))
        platform = site().platforms[host]
        before, after = (platform.read_meaning(text) for text in (configs()[host], plan.moves[-1].changes[0].after))
        assert after.interfaces == before.interfaces
        assert len(plan.moves[0].changes[0].lines) == 10


def test_kinds_of_moves_are_those_of_their_actions(tmp_path: Path) -> None:
    """What the engine does with a move is decided by its action alone."""
    steps = (
        "- command: show version\n- pause: 2s\n- approve: ok\n- assert: 'true'\n- wait_drained: {}\n- config: vlan 7"
    )
    plan = plan_of(playbook_of(tmp_path, steps))
    assert [move.kind for move in plan.moves] == [
        MoveKind.READ,
        MoveKind.PAUSE,
        MoveKind.APPROVE,
        MoveKind.ASSERT,
        MoveKind.DRAINED,
        MoveKind.CHANGE,
    ]
    assert plan.moves[1].arguments == {"p1": {"duration": 2.0}}
    assert plan.moves[4].arguments["p1"]["interfaces"] == {f"Ethernet{at}": 40 * 10**9 for at in range(1, 5)}
    assert plan.moves[0].devices == ("p1",) and plan.moves[1].devices == ()


def named(playbook: Playbook, selection: Selection | None = None) -> tuple[str, ...]:
    """The devices of a playbook on dc1."""
    return devices_of(playbook, inventory(), fabric(), selection=selection)


@pytest.mark.parametrize("name", ["upgrade-primary", "incident-2011"])
def test_devices_are_named_as_the_plan_names_them(name: str) -> None:
    """Hosts, far ends and whoever is only read, in the plan's order."""
    assert named(shipped(name)) == plan_of(shipped(name)).devices
    selection = Selection(limit="p1")
    assert named(shipped(name), selection) == plan_of(shipped(name), selection=selection).devices


def test_delegates_far_ends_and_readers_are_named(tmp_path: Path) -> None:
    """Nobody whom the run needs is met for the first time in the run."""
    steps = """
- {config: vlan 7, delegate_to: l3}
- link_speed: {speed: 100G, links: [Ethernet2]}
- {command: uname -a, delegate_to: n1}
"""
    assert named(playbook_of(tmp_path, steps)) == ("l3", "p1", "l2", "n1")


@pytest.mark.parametrize(
    ("steps", "head"),
    [
        ("- drain: bgp_graceful_shutdown", "hosts: p1"),
        ("- drain: {}", "hosts: p1\nguard: 5s"),
        ("- pause: 1s", "hosts: p1\ngoal: [{drain: bgp_graceful_shutdown}, {config: vlan 7}]"),
    ],
    ids=["method", "guard", "goal"],
)
def test_what_depends_on_the_devices_is_not_asked_to_name_them(tmp_path: Path, steps: str, head: str) -> None:
    """Whether p1 runs BGP, has a timer or holds the goal is for the devices to say, and for the plan to refuse."""
    playbook = playbook_of(tmp_path, steps, head)
    assert named(playbook) == (("p1",) if "drain" in steps else ())
    with pytest.raises((PlanError, LintError)):
        plan_of(playbook)


@pytest.mark.parametrize(
    ("steps", "head", "selection", "message"),
    [
        ("- drain: {}", "hosts: n1", Selection(), "n1 is not a router of the fabric"),
        ("- drain: {}", "hosts: p9", Selection(), "p9"),
        ("- {drain: {}, delegate_to: p9}", "hosts: p1", Selection(), "the inventory has no host 'p9'"),
        ("- command: reload", "hosts: p1", Selection(), "'reload' is not a command that only reads"),
        ("- link_speed: {speed: 100G, links: [Ethernet9]}", "hosts: p1", Selection(), "p1 has no link 'Ethernet9'"),
        ("- pause: 1s", "hosts: p1\ngoal: [{link_speed: {speed: 1G, links: [x]}}]", Selection(), "p1 has no link 'x'"),
        ("- {pause: 1s, when: false}", "hosts: p1", Selection(), "there is nothing to do"),
        ("- {name: a, pause: 1s}", "hosts: p1", Selection(start_at_step="b"), "there is no step 'b' to start at"),
    ],
)
def test_what_is_wrong_in_the_files_is_refused_when_devices_are_named(
    tmp_path: Path, steps: str, head: str, selection: Selection, message: str
) -> None:
    """Nothing needs to be contacted to see this."""
    with pytest.raises(InputError, match=message):
        named(playbook_of(tmp_path, steps, head), selection)


def test_router_that_the_inventory_lacks_is_told_in_a_note(tmp_path: Path) -> None:
    """A forecast over a router that nobody reads is only as true as the fabric file."""
    others = "".join(f"{name} ansible_network_os=eos\n" for name in fabric().routers if name != "p2")
    others = others.replace("s1 ansible_network_os=eos", "s1").replace(
        "l1 ansible_network_os=eos", "l1 ansible_network_os=junos"
    )
    (tmp_path / "hosts").write_text(others + "pe2\n")
    plan = plan_of(playbook_of(tmp_path, "- pause: 1s"), other=load_inventory([str(tmp_path / "hosts")]))
    after = "it is not read, and taken to be as the file says"
    assert f"p2 is in the fabric file but not in the inventory (did you mean 'pe2'?): {after}" in plan.notes
    assert f"s1 is in the fabric file but the inventory gives it no ansible_network_os: {after}" in plan.notes
    assert any(note.startswith("l1 is in the fabric file but ansible_network_os 'junos'") for note in plan.notes)
    assert not any(after in note for note in plan_of(shipped("upgrade-primary")).notes)

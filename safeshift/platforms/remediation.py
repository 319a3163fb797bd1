"""From one configuration to another: hier_config proposes the lines, ``typed.predict`` proves them.

What hier_config cannot do for a pair of texts, a plain walk over the two trees tries; what neither can prove is
refused. Never guesses, never returns lines that were not proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hier_config import HConfig, MatchRule, get_hconfig_driver, get_hconfig_fast_load
from hier_config import Platform as HierPlatform
from hier_config.exceptions import DuplicateChildError
from hier_config.models import IdempotentCommandsRule, NegationSubRule
from hier_config.platforms.driver_base import HConfigDriverBase

from safeshift.errors import PlanError
from safeshift.platforms.configtext import Block, Blocks, differences, parse, render
from safeshift.platforms.modes import SECTION
from safeshift.platforms.typed import Grammar, Single, predict, split_no


def remediate(config: Blocks, target: Blocks, *, grammar: Grammar, dialect: HierPlatform) -> tuple[str, ...]:
    """Return proven lines that turn one tree into the other; empty when they are equal.

    Raises:
        PlanError: neither way leads to the target by what we know of the platform.
    """
    if not compare(config, target, grammar):
        return ()
    present, target = _telling(config, grammar), _telling(target, grammar)
    wanted = _keeping_permanent(present, target, grammar)
    remaining: tuple[str, ...] = ()
    for propose in (_by_hier_config, _by_tree):
        lines = propose(present, wanted, grammar, dialect)
        if lines is None:
            continue
        reached = predict(config, lines, grammar)
        if compare(reached, target, grammar):  # some lines make the device drop others, which are then said again
            lines += _by_tree(_telling(reached, grammar), wanted, grammar, dialect)
            reached = predict(config, lines, grammar)
        remaining = compare(reached, target, grammar)
        if not remaining:
            return lines
    raise PlanError(
        f"no lines could be proven to restore the configuration; this would still differ: {_summary(remaining)}",
        hint="restore this device by its own rollback, or by hand from the captured configuration",
    )


def compare(before: Blocks, after: Blocks, grammar: Grammar) -> tuple[str, ...]:
    """Return what differs; a physical interface without a line says nothing, so it is equal to one not mentioned."""
    old, new = (
        tuple(block for block in _telling(blocks, grammar) if block.children or not grammar.permanent.match(block.text))
        for blocks in (before, after)
    )
    return differences(old, new, indent=grammar.indent)


def _telling(blocks: Blocks, grammar: Grammar, parent: str = "") -> Blocks:
    """Leave out the lines that say nothing."""
    return tuple(
        replace(block, children=_telling(block.children, grammar, block.text)) if block.children else block
        for block in blocks
        if not grammar.is_silent(parent, block.text, blocks)
    )


def _keeping_permanent(config: Blocks, target: Blocks, grammar: Grammar) -> Blocks:
    """Add the physical interfaces that the target does not mention: they are emptied, for none can be removed."""
    mentioned = {block.text for block in target}
    kept = (block for block in config if grammar.permanent.match(block.text) and block.text not in mentioned)
    return (*target, *(Block(block.text) for block in kept))


def _summary(remaining: tuple[str, ...]) -> str:
    changed = [line for line in remaining if not line.startswith(" ")]
    return "; ".join(changed[:3]) + (f"; and {len(changed) - 3} more" if len(changed) > 3 else "")


def _by_hier_config(config: Blocks, target: Blocks, grammar: Grammar, dialect: HierPlatform) -> tuple[str, ...] | None:
    """Ask hier_config; None where it must not be asked (opaque bodies differ) or gives up."""
    if list(_opaque(config)) != list(_opaque(target)):
        return None
    driver = _driver(grammar, dialect)
    try:
        present = _load(driver, config, grammar)
        wanted = _load(driver, target, grammar)
        delta = present.config_to_get_to(wanted).set_order_weight()
    except (DuplicateChildError, ValueError):
        return None
    lines = (" " * grammar.indent * (child.depth() - 1) + child.text for child in delta.all_children_sorted())
    return _plain_first(tuple(lines), grammar)


def _load(driver: HConfigDriverBase, blocks: Blocks, grammar: Grammar) -> HConfig:
    return get_hconfig_fast_load(driver, render(_configuration_only(blocks), indent=grammar.indent))


def _opaque(blocks: Blocks, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for block in blocks:
        if block.body:
            yield (*path, block.text), block.body
        yield from _opaque(block.children, (*path, block.text))


def _configuration_only(blocks: Blocks) -> Blocks:
    return tuple(Block(block.text, _configuration_only(block.children)) for block in blocks if not block.body)


def _driver(grammar: Grammar, dialect: HierPlatform) -> HConfigDriverBase:
    """Take hier_config's driver with our tables instead of its text rewriting, so that both know the same platform."""
    driver = get_hconfig_driver(dialect)
    driver.rules = driver.rules.model_copy(
        update={
            "full_text_sub": [],
            "per_line_sub": [],  # they drop lines (version, "no ip address", end) that equality would then miss
            "post_load_callbacks": [],  # they rewrite access lists
            "sectional_exiting": [],
            "negate_with": [],
            "negation_default_when": [],
            "idempotent_commands": [IdempotentCommandsRule(match_rules=_lineage(single)) for single in grammar.singles],
            "negation_sub": [
                NegationSubRule(match_rules=_lineage(single), search=rf"^(no {single.key.pattern}).*$", replace=r"\1")
                for single in grammar.singles
                if single.bare
            ],
        }
    )
    return driver


def _lineage(single: Single) -> tuple[MatchRule, ...]:
    line = MatchRule(re_search=rf"^(?:no )?{single.key.pattern}")
    if single.section.match(""):
        return (line,)
    return (MatchRule(re_search=f"^{single.section.pattern}"), line)


def _by_tree(config: Blocks, target: Blocks, grammar: Grammar, _: HierPlatform) -> tuple[str, ...]:
    """Walk both trees: take away what should not be there, then add what is missing."""
    return _plain_first(tuple(_walk(config, target, grammar, parent="", margin="")), grammar)


def _plain_first(lines: tuple[str, ...], grammar: Grammar) -> tuple[str, ...]:
    """Put global lines before the sections: after a section, a device might take them for a line of it."""
    blocks = parse("\n".join(lines))
    plain = tuple(block for block in blocks if not block.children and not SECTION.match(block.text))
    sections = tuple(block for block in blocks if block.children or SECTION.match(block.text))
    return tuple(render((*plain, *sections), indent=grammar.indent).splitlines())


def _walk(config: Blocks, target: Blocks, grammar: Grammar, *, parent: str, margin: str) -> Iterator[str]:
    wanted = {block.text: block for block in target}
    present = {block.text: block for block in config}
    new_keys = {grammar.key(parent, block.text) for block in target if block.text not in present} - {None}
    for block in config:
        if block.text not in wanted and grammar.key(parent, block.text) not in new_keys:
            yield margin + _negation(block.text, grammar, parent)
    for block in target:
        before = present.get(block.text)
        if before is None or before.body != block.body:
            yield margin + block.text
            yield from block.body
        children = before.children if before else ()
        inner = tuple(_walk(children, block.children, grammar, parent=block.text, margin=margin + " " * grammar.indent))
        if inner and before is not None and before.body == block.body:
            yield margin + block.text
        yield from inner


def _negation(text: str, grammar: Grammar, parent: str) -> str:
    negative, body = split_no(text)
    if negative:
        return body
    single = grammar.single(parent, text)
    if single is not None and single[0].bare:
        return f"no {single[1]}"
    return f"no {re.sub(r' [#^].*', '', text) if text.startswith('banner ') else text}"

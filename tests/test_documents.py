"""What README and docs say is true: commands are run, examples loaded, tables held against the code.

Each page is walked once, several pages at a time: most of it is waiting for a lab. How: ``pages.py``, ``clone.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from safeshift import api
from safeshift.engine import invariants
from safeshift.errors import ExitCode
from safeshift.journal.events import Kind
from safeshift.lab import truth as lab_truth
from safeshift.lab.faults import Fault, FaultKind
from safeshift.model import connection, fabric, play
from safeshift.model.inventory import load_inventory
from safeshift.model.steps import ARGUMENTS
from safeshift.planning.plan import Checks
from safeshift.platforms.cisco_ios.guard import PREREQUISITES
from safeshift.units import parse_duration, parse_percent
from tests.clone import PATIENCE_S, ROUTERS_PAGE, Answer, Scratch, walk
from tests.pages import (
    BLOCKS,
    PAGES,
    ROOT,
    Block,
    Command,
    missing_line,
    pages_with,
    read_blocks,
    read_table,
    without_blocks,
)

EXAMPLES = {
    "docs/examples/upgrade_and_watch.py": "python docs/examples/upgrade_and_watch.py",
    "docs/examples/test_my_playbook.py": "python -m pytest -q -p no:cacheprovider docs/examples/test_my_playbook.py",
}
SITE = ("inventories/dc1", "inventories/dc1.fabric.yml")

pytestmark = pytest.mark.timeout(PATIENCE_S + 20)


# The walks -------------------------------------------------------------------------------------------------------

WALKED = pages_with(lambda block: block.language == "console" and "not run" not in block.notes)
Walks = Mapping[str, Future[list[Answer]]]


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walks]:
    """Every page and every example under way at once, in folders of their own; the longest first."""

    def example(path: str, folder: Path) -> list[Answer]:
        scratch = Scratch(folder)
        output, code = scratch.run(EXAMPLES[path])
        return [Answer(Command(Block(path, 1, "console", {}, ""), EXAMPLES[path], ()), output, code)]

    with ThreadPoolExecutor(max_workers=4) as pool:
        yield {
            name: pool.submit(example if name in EXAMPLES else walk, name, tmp_path_factory.mktemp("walk") / "clone")
            for name in (*WALKED, *EXAMPLES)
        }


@pytest.mark.parametrize("page", WALKED)
def test_page_commands_run_print_what_is_shown(page: str, walks: Walks) -> None:
    """Every command of a page ends well, and prints the lines that the page shows, in their order."""
    for answer in walks[page].result():
        shown = f"{answer.command.block}: {answer.command.line}\n{answer.output}"
        assert answer.code == 0, shown
        assert not (line := missing_line(answer.command.expected, answer.output)), f"{line}\nis missing in {shown}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_run_ends_well(example: str, walks: Walks) -> None:
    """The scripts that the docs offer run as they are."""
    (answer,) = walks[example].result()
    assert answer.code == 0, answer.output


def test_routers_page_left_nothing_on_the_routers(walks: Walks) -> None:
    """What the page for two real routers undoes is undone: the run says so of both."""
    told = [answer.output for answer in walks[ROUTERS_PAGE].result() if answer.command.line.startswith("safeshift run")]
    assert len(told) == 1
    assert "ROLLED_BACK (exit 4)" in told[0]
    assert re.findall(r"(r\d) is as it was before", told[0])


def test_upgrade_in_readme_tells_every_move_of_both_batches(walks: Walks) -> None:
    """The README's first command makes the whole upgrade, and its transcript tells every move of both batches."""
    first, *_ = walks["README.md"].result()
    moves = re.findall(r"(?m)move (\d\.\d\.\d) ", first.output)
    assert moves == [f"1.{batch}.{step}" for batch in (1, 2) for step in (1, 2, 3, 4)]
    assert [move for line in first.command.expected for move in re.findall(r"move (\d\.\d\.\d) ", line)] == moves


# Files in blocks, blocks in files --------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [block for block in BLOCKS if "file" in block.notes], ids=str)
def test_block_of_a_file_is_that_file(block: Block) -> None:
    """What a page shows of a file is the file, whole."""
    assert block.text == (ROOT / block.notes["file"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language in ("yaml", "ini")], ids=str)
def test_block_of_data_is_accepted_by_its_reader(block: Block, tmp_path: Path) -> None:
    """Every playbook, step, fabric, truth, list of faults and inventory on a page is read, and playbooks compile."""
    path = tmp_path / ("block.yml" if block.language == "yaml" else "block.ini")
    path.write_text(block.text, encoding="utf-8")
    if block.language == "ini":
        assert load_inventory([str(path)]).hosts
        return
    told = fabric.load(ROOT / SITE[1])
    match yaml.safe_load(block.text):
        case [{"hosts": _}, *_]:
            compile_offline(path, block)
        case [{"kind": _}, *_]:
            assert lab_truth.load_faults(path, told)
        case [*_]:
            steps = "".join(f"        {line}\n" for line in block.text.splitlines())
            path.write_text(f"- hosts: p1\n  stages:\n    - name: Fragment\n      steps:\n{steps}", encoding="utf-8")
            compile_offline(path, block)
        case {"all": _}:
            assert load_inventory([str(path)]).hosts
        case {"networks": _}:
            assert fabric.load(path).networks
        case _:
            assert lab_truth.load_truth(path, told) != lab_truth.Truth(told)


def compile_offline(path: Path, block: Block) -> None:
    """Make the plan from the files alone: on the README's site, or on the one that its own page writes."""
    site = [str(ROOT / SITE[0])]
    own = {one.notes["write"]: one.text for one in read_blocks(block.page) if "write" in one.notes}
    for name, text in own.items():
        (path.parent / name).write_text(text, encoding="utf-8")
        site = [str(path.parent / name)] if name == "two.yml" else site
    job = api.load(path, site)
    assert job.compile(None).moves, str(block)


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.name)
def test_playbook_of_the_repository_compiles_offline(path: Path) -> None:
    """Every playbook that comes with safeshift makes a plan from the files alone."""
    assert api.load(path, str(ROOT / SITE[0])).compile(None).moves


@pytest.mark.parametrize("page", pages_with(lambda block: block.language == "python" and "file" not in block.notes))
def test_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """The Python of a page runs from top to bottom."""
    scratch = Scratch(tmp_path / "clone")
    blocks = [block.text for block in read_blocks(page) if block.language == "python" and "file" not in block.notes]
    (scratch.folder / "page.py").write_text("\n".join(blocks), encoding="utf-8")
    output, code = scratch.run("python -W error page.py")
    assert code == 0, output


def test_blocks_that_are_not_run_say_why() -> None:
    """A block of commands is run, or says in a sentence why it is not."""
    reasons = [block.notes["not run"] for block in BLOCKS if "not run" in block.notes]
    assert reasons
    assert all(len(reason.split()) > 5 for reason in reasons)


@pytest.mark.parametrize("page", PAGES)
def test_page_names_only_files_that_exist(page: str) -> None:
    """Every link leads to a file and a heading, and every path of the repository in the text is one."""
    text = PAGES[page].read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        path = PAGES[page].parent / name if name else PAGES[page]
        assert path.exists(), target
        headings = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8")) if anchor else []
        anchors = {re.sub(r"[^\w-]", "", one.lower().replace(" ", "-")) for one in headings}
        assert not anchor or anchor in anchors, target
    for name in re.findall(r"`((?:safeshift|docs|playbooks|inventories|tests)/[\w./-]*)`", without_blocks(page)):
        assert (ROOT / name).exists(), name


def test_readme_leads_to_every_page() -> None:
    """A reader finds every page from the README, and every room of the house is on its map."""
    text = PAGES["README.md"].read_text(encoding="utf-8")
    assert [name for name in PAGES if name.startswith("docs/") and f"({name})" not in text] == []
    rooms = [path.parent.name for path in (ROOT / "safeshift").glob("*/__init__.py")]
    assert [room for room in rooms if f"\n  {room}/" not in text] == []


# Tables ----------------------------------------------------------------------------------------------------------


def test_exit_codes_page_is_the_table_of_the_code() -> None:
    """The page has each exit code once, with its number."""
    numbers = re.findall(r"(?m)^\| (\d+) \| `(\w+)` \|", PAGES["docs/exit-codes.md"].read_text(encoding="utf-8"))
    assert {name: int(number) for number, name in numbers} == {code.name: code.value for code in ExitCode}
    assert len(numbers) == len(ExitCode)


_MODELS = {
    ("docs/playbooks.md", "## Play"): {*play.Settings.model_fields, *play.PlayWords.model_fields},
    ("docs/playbooks.md", "## verify"): {*play.Verify.model_fields},
    ("docs/playbooks.md", "## Stage"): {*play.StageWords.model_fields},
    ("docs/playbooks.md", "## Step"): {info.alias or name for name, info in play.StepWords.model_fields.items()},
    ("docs/playbooks.md", "### block"): {*play.BlockWords.model_fields},
    **{("docs/playbooks.md", f"### {name}"): {*model.model_fields} for name, model in ARGUMENTS.items()},
    ("docs/fabric.md", "## networks"): {*fabric.NetworkSpec.model_fields},
    ("docs/fabric.md", "## routers"): {*fabric.Router.model_fields},
    ("docs/fabric.md", "## links"): {*fabric.Link.model_fields},
    ("docs/fabric.md", "## nodes"): {*fabric.Attachment.model_fields},
    ("docs/fabric.md", "## demands"): {info.alias or name for name, info in fabric.Demand.model_fields.items()},
    ("docs/fabric.md", "## storage"): {*fabric.Storage.model_fields},
    ("docs/lab.md", "## Faults"): {kind.value for kind in FaultKind},
    ("docs/lab.md", "## Truth"): {*lab_truth._Written.model_fields},
    ("docs/journal.md", "## Events"): {kind.value for kind in Kind},
}


@pytest.mark.parametrize(("page", "heading"), _MODELS, ids=str)
def test_table_of_words_is_the_code_s_own(page: str, heading: str) -> None:
    """A reference table has every word that the code takes, and no other."""
    assert set(read_table(page, heading)) == _MODELS[page, heading]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_short_form_of_an_action_is_starred(name: str) -> None:
    """The key that a bare value stands for has the star."""
    starred = [key for key, row in read_table("docs/playbooks.md", f"### {name}").items() if row[0].endswith("*")]
    assert starred == [ARGUMENTS[name].short]


def test_defaults_of_verify_are_the_code_s_own() -> None:
    """The defaults in the table are those that a plan gets."""
    checks = Checks(require=())
    table = {key: row[2].strip("`") for key, row in read_table("docs/playbooks.md", "## verify").items()}
    shares = {"loss": checks.loss_max, "utilisation": checks.utilisation_max}
    assert {key: parse_percent(table.pop(key)) for key in shares} == shares
    assert table.pop("require")
    assert {f"{key}_s": parse_duration(text) for key, text in table.items()} == {
        field.name: getattr(checks, field.name)
        for field in fields(Checks)
        if field.name.endswith("_s") and field.name != "guard_s"
    }


def test_variables_of_inventory_page_are_those_that_are_read() -> None:
    """Every connection variable on the page is read by the code, and every one that is read is on the page."""
    page = PAGES["docs/inventory.md"].read_text(encoding="utf-8")
    source = Path(connection.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r'"(ansible_\w+)"', source))
    assert read <= set(re.findall(r"`(ansible_\w+)`", page)), read
    platforms = read_table("docs/inventory.md", "## Variables that say how to connect")
    assert set(connection.PLATFORMS) <= set(platforms)


def test_invariants_of_design_notes_are_those_that_are_checked() -> None:
    """Each invariant names the class that watches it, and each class is named."""
    text = PAGES["docs/design-notes.md"].read_text(encoding="utf-8")
    told = dict(re.findall(r"(?m)^\| (I\d+) \| .* \| `(\w+)` \|$", text))
    named = {str(vars(one).get("name")): name for name, one in vars(invariants).items() if isinstance(one, type)}
    watched = {invariant: name for invariant, name in named.items() if re.fullmatch(r"I\d+", invariant)}
    assert told == watched


def test_archive_lines_on_pages_are_those_that_the_code_asks_for() -> None:
    """The lines that an IOS guard needs are the same on every page as in a refusal."""
    wanted = "\n".join(PREREQUISITES) + "\n"
    assert pages_with(lambda block: block.text == wanted) == [ROUTERS_PAGE, "docs/guards.md"]


def test_fields_of_a_fault_are_on_the_page() -> None:
    """Whatever a fault takes stands in the lab's page."""
    page = PAGES["docs/lab.md"].read_text(encoding="utf-8")
    assert [field.name for field in fields(Fault) if f"`{field.name}`" not in page and field.name != "kind"] == []


def test_wrong_line_in_a_transcript_is_found() -> None:
    """The comparison of transcripts is no rubber stamp: an invented, a misplaced and a missing line are seen."""
    output = "    0.1 s  one\n    0.2 s      p2 sent in 0.01 s\n    0.3 s      p1 sent in 0.01 s\n    0.4 s  end\n"
    assert missing_line(("    9.0 s  one", "    9.1 s      p1 sent in 0.10 s", "...", "    9.9 s  end"), output) == ""
    assert missing_line(("    9.0 s  one", "...", "    9.9 s  enD"), output)
    assert missing_line(("    9.9 s  end", "...", "    9.0 s  one"), output)
    assert missing_line(("    9.0 s  one", "    9.9 s  end"), output)

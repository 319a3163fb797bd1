"""A file of an inventory as data: unvaulted, then read as JSON or else as YAML 1.1, with Ansible's tags.

Values keep the types that Ansible gives them; nothing is rendered. What a group or a host is, is not decided here.
Read ``sources.py`` next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from safeshift.errors import InventoryError, Place
from safeshift.model.vault import Secret, UnsafeText, Vault, VaultedText, is_vaulted

YAML_EXTENSIONS = (".yml", ".yaml", ".json")
_FastParser: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML has it, as Ansible does


class Reader:
    """Reads files with one vault; remembers every secret that it met, and the ``texts`` that are none."""

    def __init__(self, vault: Vault | None = None) -> None:
        self.vault = vault if vault is not None else Vault()
        self.secrets: list[Secret] = []
        self.texts: dict[Path, str] = {}
        self._cache: dict[Path, object] = {}

    def text_of(self, path: Path) -> tuple[str, bool]:
        """Give a file's text, and whether the file was vaulted.

        Raises:
            InventoryError: It cannot be read or unvaulted.
        """
        place = Place(str(path))
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InventoryError(f"cannot read it: {error.strerror}", place=place) from error
        vaulted = is_vaulted(data)
        if vaulted:
            data = self.vault.decrypt(data, place=place)
        text = data.decode("utf-8", "surrogateescape")
        if not vaulted:
            self.texts[path] = text
        return text, vaulted

    def data_of(self, path: Path) -> object:
        """Give a file's data; None when it is empty. Reads each file once.

        Raises:
            InventoryError: It is neither JSON nor YAML; the place is line and column.
        """
        if path not in self._cache:
            text, vaulted = self.text_of(path)
            self._cache[path] = self.parse(text, str(path), vaulted=vaulted)
        return self._cache[path]

    def parse(self, text: str, origin: str, *, vaulted: bool = False) -> object:
        """Read text as JSON, or else as YAML, as Ansible reads every file of variables."""
        try:
            data = self.parse_json(text)
        except (ValueError, RecursionError):
            data = self._parse_yaml(text, origin)
        return self._mark_vaulted(data) if vaulted else data

    def parse_json(self, text: str) -> object:
        """Read JSON with Ansible's own objects for vaulted and unsafe strings.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(text, object_hook=self._restore_tagged)

    def secret_of(self, ciphertext: str, place: Place | None = None) -> Secret:
        """Carry a vaulted value, and remember it."""
        secret = Secret.vaulted(ciphertext, self.vault, place)
        self.secrets.append(secret)
        return secret

    def _restore_tagged(self, pairs: dict[str, Any]) -> object:
        if isinstance(unsafe := pairs.get("__ansible_unsafe"), str):
            return UnsafeText(unsafe)
        if isinstance(ciphertext := pairs.get("__ansible_vault"), str):
            return self.secret_of(ciphertext)
        return pairs

    def _parse_yaml(self, text: str, origin: str) -> object:
        try:
            loader = _TaggedLoader(text, origin, self)
        except (yaml.YAMLError, UnicodeError) as error:
            raise InventoryError("it holds bytes that are no UTF-8 text", place=Place(origin)) from error
        try:
            return loader.get_single_data()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(origin, mark.line + 1, mark.column + 1) if mark else Place(origin)
            raise InventoryError(f"not valid YAML: {_sentence(error)}", place=place, hint=_hint_for(error)) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise InventoryError(f"not valid YAML: {error}", place=Place(origin)) from error
        finally:
            loader.dispose()

    def _mark_vaulted(self, data: object) -> object:
        """Mark every string that came out of a vaulted file, keys excepted."""

        def mark(value: str) -> str:
            if isinstance(value, UnsafeText):
                return value
            self.secrets.append(Secret(value))
            return VaultedText(value)

        return map_strings(data, mark)


def map_strings(data: object, change: Callable[[str], object]) -> object:
    """Copy data with every string value changed; keys and everything else stay."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {key: map_strings(value, change) for key, value in data.items()}
    if isinstance(data, (list, tuple, set)):
        return type(data)(map_strings(value, change) for value in data)
    return data


def place_in(text: str, origin: str, path: Sequence[object]) -> Place:
    """Find the line and column of a key, given the keys that lead to it; the nearest one that exists."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return Place(origin)
    mark = node.start_mark if node else None
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            break
        found = [(name, value) for name, value in node.value if getattr(name, "value", None) == str(key)]
        if not found:
            break
        mark, node = found[-1][0].start_mark, found[-1][1]
    return Place(origin, mark.line + 1, mark.column + 1) if mark else Place(origin)


class _TaggedLoader(_FastParser):  # type: ignore[misc]  # chosen at run time, so mypy cannot follow it
    """YAML 1.1 with ``!vault`` and ``!unsafe``; of two equal keys the last one counts, as in Ansible."""

    def __init__(self, text: str, origin: str, reader: Reader) -> None:
        super().__init__(text)
        self.origin = origin
        self.reader = reader
        self.unsafe_depth = 0

    def construct_text(self, node: yaml.ScalarNode) -> str:
        text = str(self.construct_scalar(node))
        return UnsafeText(text) if self.unsafe_depth else text

    def construct_unsafe(self, node: yaml.Node) -> object:
        self.unsafe_depth += 1
        try:
            return self._construct_untagged(node)
        finally:
            self.unsafe_depth -= 1

    def construct_vaulted(self, node: yaml.Node) -> Secret:
        text = self._construct_untagged(node)
        if not isinstance(text, str):
            raise yaml.constructor.ConstructorError(None, None, "!vault needs a string", node.start_mark)
        place = Place(self.origin, node.start_mark.line + 1, node.start_mark.column + 1)
        return self.reader.secret_of(text, place)

    def _construct_untagged(self, node: yaml.Node) -> object:
        """Read a node as if its tag had not been written."""
        tag = self.resolve(type(node), node.value, (True, False))
        plain = type(node)(tag, node.value, node.start_mark, node.end_mark)
        return self.construct_object(plain, deep=True)


_TaggedLoader.add_constructor("tag:yaml.org,2002:str", _TaggedLoader.construct_text)
_TaggedLoader.add_constructor("tag:yaml.org,2002:python/unicode", _TaggedLoader.construct_text)
_TaggedLoader.add_constructor("!unsafe", _TaggedLoader.construct_unsafe)
_TaggedLoader.add_constructor("!vault", _TaggedLoader.construct_vaulted)
_TaggedLoader.add_constructor("!vault-encrypted", _TaggedLoader.construct_vaulted)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part)


def _hint_for(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "cannot start any token" in problem or "\\t" in problem:
        return "indent with spaces, never with tabs; put a value that starts with @, % or ` in quotation marks"
    if "could not determine a constructor" in problem:
        return "remove the tag, or write the value in quotation marks; the tags of an inventory are !vault and !unsafe"
    if "mapping values are not allowed" in problem:
        return "put the value in quotation marks if it has a colon in it, and check the indentation"
    if "unhashable" in problem or "flow mapping" in (error.context or ""):
        return 'a value that starts with {{ needs quotation marks: "{{ name }}"'
    return "check the indentation and the quotation marks on this line and the one above"

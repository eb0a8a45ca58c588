"""The commands in the README fit the productions."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from iop_testing import codec_for

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"iop test (\w+) -C (\w+)\.(\w+) -B '(.*?)'\n", README, re.DOTALL)


@pytest.mark.parametrize(("item", "module", "class_name", "body"), COMMANDS)
def test_command_can_be_given(item, module, class_name, body) -> None:
    example = import_module(module)
    assert item in [found.name for found in example.production.definition().items]
    _, decode = codec_for(getattr(example, class_name))
    decode(body.encode())


def test_every_file_has_a_section() -> None:
    files = {path.name for path in FOLDER.glob("*.py")} - {"conftest.py"}
    assert set(re.findall(r"^## (\S+)$", README, re.MULTILINE)) == files
    assert {module for _, module, *_ in COMMANDS} >= {name.removesuffix(".py") for name in files} - {"watermark"}

"""Links between the pages of the repository lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "packages/*/*.md", "plugins/*/*.md")
    for page in REPOSITORY.glob(pattern)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    relative = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_every_page_of_the_documentation_is_listed() -> None:
    listed = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [str(page.relative_to(REPOSITORY / "docs")) for page in REPOSITORY.glob("docs/*/**/*.md")]
    assert pages
    assert [page for page in pages if f"({page})" not in listed] == []
    listed += (REPOSITORY / "README.md").read_text(encoding="utf-8")
    examples = [page.relative_to(REPOSITORY).as_posix() for page in REPOSITORY.glob("examples/*/README.md")]
    assert [page for page in examples if f"{page})" not in listed] == []


def test_every_dependency_is_explained() -> None:
    explained = (REPOSITORY / "docs/explanation/dependencies.md").read_text(encoding="utf-8")
    texts = [file.read_text() for file in REPOSITORY.glob("p*/*/pyproject.toml")]
    lists = [re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE) for text in texts]
    names = {re.split(r"[\[<>=~;]", line)[0] for found in lists if found for line in re.findall(r'"([^"]+)"', found[1])}
    tools = (REPOSITORY / "tools/dev-requirements.txt").read_text().splitlines()
    names |= {re.split(r"[\[<>=]", line)[0] for line in tools if line and not line.startswith("#")}
    assert "pluggy" in names
    assert [name for name in sorted(names) if not name.startswith("iop-") and f"[{name}]" not in explained] == []

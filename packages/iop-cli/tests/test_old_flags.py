"""Old flags become sub-commands, options of sub-commands may stand before them, and the rest is refused."""

from __future__ import annotations

import shlex

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_cli.main import iop
from iop_cli.old_flags import DEEDS, LETTERS, SHARED, sub_command_line

LOG = "log --format=columns"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-d", "default"),
        ("-d Foo", "default Foo"),
        ("--default=Foo", "default Foo"),
        ("-l", "list --json"),
        ("-s", "start"),
        ("-s P -D", "start P --detach"),
        ("-D -s P", "start P --detach"),
        ("-sP", "start P"),
        ("-S", "stop"),
        ("-k", "kill"),
        ("-k --yes", "kill --yes"),
        ("-r", "restart"),
        ("-u", "update"),
        ("-x", "status --json"),
        ("-xn NS", "status --json --namespace=NS"),
        ("-x -n NS", "status --json --namespace=NS"),
        ("-n NS --status", "status --json --namespace=NS"),
        ("-x -n", "status --json --namespace="),
        ("-x --force-local", "status --json --local"),
        ("-x -R remote.py", "status --json --remote-settings=remote.py"),
        ("-m F", "migrate F"),
        ("-M F --dry-run", "migrate F --dry-run"),
        ("--migrate F --explain --strict-production-validation", "migrate F --dry-run --strict"),
        ("-e", "export --default"),
        ("-e P", "export P"),
        ("-e P --format mermaid", "export P --format=mermaid"),
        ("-L", "log --format columns --limit 10 --follow"),
        ("-L 3", "log --format columns --limit=3"),
        ("-L -5", "log --format columns --limit=-5"),
        ("-q", "queue --json --default"),
        ("-q P", "queue --json P"),
        ("-i", "init"),
        ("-i DIR", "init DIR"),
        ("--bindings", "bindings list --json"),
        ("--bindings --unused", "bindings list --json --unused"),
        ("--unbind C", "bindings remove C"),
        ("-t", "test ''"),
        ("-t T", "test T"),
        ("-t T -C m.M -B '{\"a\": 1}'", "test T --classname=m.M '--body={\"a\": 1}'"),
        ("-t T -C -B", "test T"),
        ("-t T -B @file", "test T --body=@file"),
        ("-t T --no-restart", "test T --no-restart"),
        ("--plan F --production P --out J", "plan build F --production=P --out=J"),
        ("--review-plan J", "plan review J"),
        ("--verify-plan J", "plan verify J"),
        (
            "--apply-plan J --settings F --production P --backup-dir B --allow-destructive",
            "plan apply J --settings=F --production=P --backup-dir=B --allow-destructive",
        ),
        ("--rollback-backup B --allow-destructive", "plan rollback B --allow-destructive"),
        ("--install-agent-guidance --agent codex --agent claude", "guidance --agent=codex --agent=claude"),
        ("--install-agent-guidance DIR --force-agent-guidance", "guidance DIR --force"),
        ("-v", "--version"),
        ("-h", "--help"),
        ("", ""),
        ("-n", "--namespace="),
        ("-n NS", "--namespace=NS"),
        ("--debug -x", "--debug status --json"),
    ],
)
def test_old_flag(old: str, new: str) -> None:
    assert sub_command_line(shlex.split(old)) == shlex.split(new)


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("status --json", "status --json"),
        ("--json status", "status --json"),
        ("--json --url http://h status -x", "status -x --json --url=http://h"),
        ("--yes messages resend 1 -- 2", "messages resend 1 --yes -- 2"),
        ("--timeout 5 test X", "test X --timeout=5"),
        ("--debug --quiet --yes kill", "--debug --quiet kill --yes"),
        ("migrate x.py -L", "migrate x.py -L"),
        ("--nonsense status", "--nonsense status"),
    ],
)
def test_options_before_a_sub_command(line: str, moved: str) -> None:
    assert sub_command_line(shlex.split(line)) == shlex.split(moved)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-x -l", "--status and --list are two things to do; give one"),
        ("-x -D --dry-run --allow-destructive", "--detach does not go with --status"),
        ("-x --dry-run", "--dry-run does not go with --status"),
        ("--unused", "--unused says nothing without a sub-command that takes it"),
        ("-D status", "--detach says nothing without"),
        ("-m", "--migrate needs a value"),
        ("-x -R", "--remote-settings needs a value"),
        ("-x more", "unexpected argument 'more' after --status"),
        ("-x --stat", "unexpected argument '--stat' after --status"),
        ("-xZ", "no such option: -Z"),
        ("--status=1", "--status takes no value"),
    ],
)
def test_what_is_refused(line: str, text: str) -> None:
    with pytest.raises(click.UsageError, match=text):
        sub_command_line(shlex.split(line))


@given(st.lists(st.sampled_from([*DEEDS, *SHARED, *(f"-{letter}" for letter in LETTERS), "--unused", "A", "-1", "--"])))
def test_every_line_is_refused_or_begins_with_what_iop_itself_takes(line: list[str]) -> None:
    try:
        made = sub_command_line(line)
    except click.UsageError:
        return
    own = {"--debug", "--quiet", "--help", "--version"}
    rest = [word for word in made if word not in own]
    assert sub_command_line(rest) == rest or rest[:1] == ["A"] or "--" in rest or rest[0].startswith("-")


@pytest.mark.parametrize("name", DEEDS)
def test_every_translation_is_a_command_with_these_options(name: str) -> None:
    deed = DEEDS[name]
    for line in (deed.command, deed.without or deed.command):
        command: click.Command = iop
        words = list(line)
        while words and isinstance(command, click.Group):
            found = command.get_command(click.Context(iop), words.pop(0))
            assert found is not None
            command = found
            if words and words[0].startswith("-"):
                break
        options = {option for parameter in command.params for option in parameter.opts}
        wanted = {word for word in words if word.startswith("--")} | set(deed.modifiers.values())
        assert wanted - options == set()

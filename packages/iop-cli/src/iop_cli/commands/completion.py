"""``iop completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    r"""Print the script that lets SHELL complete commands, options, and names of productions and items.

    \b
    bash: eval "$(iop completion bash)"        in ~/.bashrc
    zsh:  eval "$(iop completion zsh)"         in ~/.zshrc
    fish: iop completion fish | source         in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    assert found is not None, f"click does not know {shell}"
    # The text is written here and not by .source(), which runs bash to look at its version.
    made = found(ctx.find_root().command, {}, "iop", "_IOP_COMPLETE")
    click.echo(made.source_template % made.source_vars())

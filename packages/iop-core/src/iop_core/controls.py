"""Editor controls of settings: which picker the Management Portal shows.

Each function returns the text that IRIS expects. A control never checks the value
of the setting, and it changes nothing where the production does not run on IRIS.

Example:
    >>> from iop_core import controls
    >>> controls.directory()
    'directorySelector'
"""

from __future__ import annotations

_CONTEXT = "Ens.ContextSearch"


def directory() -> str:
    """Return the control that picks a directory."""
    return "directorySelector"


def file() -> str:
    """Return the control that picks a file."""
    return "fileSelector"


def credentials() -> str:
    """Return the control that picks an entry of the credentials table."""
    return "credentialsSelector"


def rule() -> str:
    """Return the control that picks a rule definition."""
    return "ruleSelector"


def dtl() -> str:
    """Return the control that picks a data transformation."""
    return "dtlSelector"


def schedule() -> str:
    """Return the control that picks a schedule."""
    return "scheduleSelector"


def ssl_config() -> str:
    """Return the control that picks a TLS configuration."""
    return "sslConfigSelector"


def partner() -> str:
    """Return the control that picks a business partner."""
    return "partnerSelector"


def bpl() -> str:
    """Return the control that picks a process written in BPL."""
    return "bplSelector"


def secret() -> str:
    """Return the control that hides what is typed, and marks the setting as secret.

    IoP then shows ``***`` for its value in differences and plans, whatever its name is. The
    Management Portal of IRIS, which keeps secrets in credentials, may show a plain field.
    """
    return "password"


def selector(context: str | None = None, *, multi_select: bool | None = None, **parameters: str | None) -> str:
    """Return a selector over a list that IRIS looks up.

    Args:
        context: Where the list comes from, such as ``Ens.ContextSearch/CharacterSets``.
            Braces are added when they are missing. None: a plain selector.
        multi_select: Whether several entries may be picked. None leaves it to IRIS.
        **parameters: More parameters, appended in the order given; None leaves one out.

    Example:
        >>> selector("Demo.Search/Rooms", multi_select=True)
        'selector?multiSelect=1&context={Demo.Search/Rooms}'
    """
    parts: dict[str, str | None] = {"multiSelect": None if multi_select is None else str(int(multi_select))}
    if context is not None:
        parts["context"] = context if context.startswith("{") and context.endswith("}") else f"{{{context}}}"
    parts.update(parameters)
    given = "&".join(f"{name}={value}" for name, value in parts.items() if value is not None)
    return f"selector?{given}" if given else "selector"


def production_item(*, targets: bool = True, production_name: str = "@productionId", multi_select: bool = False) -> str:
    """Return the control that picks an item of a production.

    Args:
        targets: True offers only items that can receive messages.
        production_name: Which production; the default is the one being edited.
        multi_select: Whether several items may be picked.
    """
    context = f"{_CONTEXT}/ProductionItems?targets={int(targets)}&productionName={production_name}"
    return selector(context, multi_select=multi_select or None)


def framing(*, host: str = "@currHostId", prop: str = "Framing") -> str:
    """Return the control that picks from the display list of a host's property.

    Args:
        host: Expression that names the host; the default is the host being edited.
        prop: Property whose display list is shown.
    """
    return selector(f"{_CONTEXT}/getDisplayList?host={host}&prop={prop}")


def character_set() -> str:
    """Return the control that picks a character set."""
    return selector(f"{_CONTEXT}/CharacterSets")


charset = character_set


def local_interface() -> str:
    """Return the control that picks a network interface of the server."""
    return selector(f"{_CONTEXT}/TCPLocalInterfaces")


def schema_category(host: str) -> str:
    """Return the control that picks a schema category.

    Args:
        host: Expression that names the host, such as ``@currHostId``.
    """
    return selector(f"{_CONTEXT}/SchemaCategories?host={host}")


def search_table(host: str) -> str:
    """Return the control that picks a search table class.

    Args:
        host: Expression that names the host, such as ``@currHostId``.
    """
    return selector(f"{_CONTEXT}/SearchTableClasses?host={host}")


def raw(context: str) -> str:
    """Return the given control text as it is, for controls without a function here."""
    return context

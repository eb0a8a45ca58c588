"""The three roles of users."""

from __future__ import annotations

from enum import IntEnum

from iop_core.errors import ConfigurationError, did_you_mean


class Role(IntEnum):
    """What a user may do; each role may do all that the ones before it may.

    Attributes:
        VIEWER: Look at productions, queues and the log.
        OPERATOR: Start and stop productions and items, and send test messages.
        DEPLOYER: Change what is deployed, and upload code, which then runs as the user of the server.
    """

    VIEWER = 1
    OPERATOR = 2
    DEPLOYER = 3

    @property
    def word(self) -> str:
        """The name for people and files."""
        return self.name.lower()


ROLE_WORDS = tuple(role.word for role in Role)


def get_role(word: str) -> Role:
    """Return the role of that name.

    Raises:
        ConfigurationError: There is none.

    Example:
        >>> get_role("operator") < Role.DEPLOYER
        True
    """
    for role in Role:
        if role.word == word:
            return role
    raise ConfigurationError(f"unknown role {word!r}{did_you_mean(word, ROLE_WORDS)}; roles: {', '.join(ROLE_WORDS)}")

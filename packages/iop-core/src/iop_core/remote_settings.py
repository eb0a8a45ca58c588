"""Where a director works, and how it logs in there."""

from __future__ import annotations

from dataclasses import dataclass, field

from iop_core.secret_references import dereferenced

DEFAULT_NAMESPACE = "USER"
DEFAULT_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """The address of a backend with all that is needed to use it; shown without its secrets.

    Attributes:
        url: The address, without user and password.
        username: Who logs in.
        password: The password, or a reference to it such as ``env:NAME`` or ``secret://name``.
        token: Instead of user and password: a token, or a reference to it.
        namespace: Namespace there.
        verify_ssl: Whether the certificate is checked; a text is the file of those who vouch for it.
        package: Package that a project becomes there when it is migrated.
        remote_folder: Folder that it is copied to there; empty: chosen by the server.
        timeout_seconds: How long an ordinary request may take.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    namespace: str = DEFAULT_NAMESPACE
    verify_ssl: bool | str = True
    package: str = "python"
    remote_folder: str = ""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    def password_value(self) -> str:
        """Return the password itself.

        Raises:
            SettingError: It is a reference to something that is not there.
        """
        return str(dereferenced(self.password))

    def token_value(self) -> str:
        """Return the token itself.

        Raises:
            SettingError: It is a reference to something that is not there.
        """
        return str(dereferenced(self.token))

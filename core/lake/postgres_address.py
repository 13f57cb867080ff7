"""The address of a PostgreSQL database: checked, and told without what is secret in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from core.ledger.errors import LedgerError

SCHEMES = ("postgres", "postgresql")
_FORM = "postgresql://USER@HOST:5432/DATABASE"
#: Parameters of an address that say which database it is, and are no secret.
_TOLD = ("host", "hostaddr", "port", "dbname", "service")


@dataclass(frozen=True)
class PostgresAddress:
    """Where a database is.

    Attributes:
        url: as libpq takes it. It may hold a password.
        name: host, port and database alone.
        secrets: what no message may repeat.
    """

    url: str = field(repr=False)
    name: str
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, text: str) -> PostgresAddress:
        """An address as it was typed.

        Raises:
            LedgerError: it is none. The message repeats nothing of it.
        """
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname
            options = parse_qsl(
                parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)
            )
        except ValueError:
            raise _no_address() from None
        # libpq ends the name and password at the first @, other readers at the last.
        if parts.scheme not in SCHEMES or parts.netloc.count("@") > 1 or parts.fragment:
            raise _no_address()
        given = dict(options)
        database = unquote(parts.path.lstrip("/")) or given.get("dbname", "")
        place = host or given.get("host", "") or given.get("hostaddr", "")
        told = f":{port or given.get('port')}" if port or given.get("port") else ""
        service = f"?service={given['service']}" if given.get("service") else ""
        if any(len(told) > 200 for told in (place, database, service)):
            raise _no_address()
        secrets = [parts.password or "", unquote(parts.password or "")]
        secrets += [value for key, value in options if key not in _TOLD and "pass" in key]
        return cls(
            text,
            f"postgresql://{place}{told}/{database}{service}",
            tuple(sorted({one for one in secrets if one}, key=len, reverse=True)),
        )

    def hidden(self, message: str) -> str:
        """A message of the driver on one line, without what is secret and what helps nobody."""
        for secret in self.secrets:
            message = message.replace(secret, "…")
        message = message.split("\n\nQuery was:")[0]
        message = re.sub(r"^[A-Z_]+: ", "", message)
        message = re.sub(r"\[libpq\] ", "", message)
        first, _, rest = message.partition("\n")
        del rest
        found = re.search(r"(?:ERROR|FATAL):\s+(.*)", first)
        return (found[1] if found else first).strip().rstrip(".")


def _no_address() -> LedgerError:
    return LedgerError(
        f"That is no address of a PostgreSQL database; write {_FORM}, with %40 for @, %3A for : "
        "and %2F for / in a name or a password. Better leave the password out: PGPASSWORD, "
        "~/.pgpass or a service file (?service=NAME) may hold it."
    )

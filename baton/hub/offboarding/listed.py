"""The accounts that a system lists, whoever they are of: some find an account by its employee number alone."""

from __future__ import annotations

from baton.contracts import AccountTarget, Connector
from baton.model.account import AccountState


class Listed:
    """What became of accounts, by their ids. They are listed once, and only when somebody's account is missing."""

    def __init__(self, connector: Connector) -> None:
        self._target = connector if isinstance(connector, AccountTarget) and connector.logs_in else None
        self._states: dict[str, AccountState] | None = None
        self._why_not: Exception | None = None

    def state(self, external_id: str) -> AccountState | None:
        """The state of one account; None where it is not listed, or where accounts let nobody in.

        Raises what listing them has raised, for each that is asked about: then nothing is known of any.
        """
        if self._why_not is not None:
            raise self._why_not
        if self._states is None:
            try:
                everyone = self._target.scan() if self._target is not None else ()
                self._states = {account.external_id: account.state for account in everyone}
            except Exception as error:
                self._why_not = error
                raise
        return self._states.get(external_id)

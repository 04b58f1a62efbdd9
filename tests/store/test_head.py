"""The newest migration is the one that a start compares with."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from baton.store.migrate import HEAD, SCRIPTS


def test_the_head_in_the_code_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD

"""An index that finds what has ended lately, so that the figures cost nothing for what ended long ago."""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_INDEX = 'ix_effects_ended'


def upgrade() -> None:
    op.create_index(_INDEX, 'effects', ['system', 'state', 'updated_at', 'job'], if_not_exists=True)


def downgrade() -> None:
    op.drop_index(_INDEX, 'effects')

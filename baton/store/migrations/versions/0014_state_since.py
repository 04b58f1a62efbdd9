"""Since when an effect has stood where it stands: how long something is in doubt was counted from when it was made."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if 'state_since' not in {column['name'] for column in there.get_columns('effects')}:
        op.add_column('effects', sa.Column('state_since', sa.BigInteger(), nullable=True))
    # What is open counts as it did: an alarm about it must not end because of an upgrade. Nobody asks it of what ended,
    # which may be millions of rows.
    op.execute(
        "UPDATE effects SET state_since = CASE WHEN due_at > created_at THEN due_at ELSE created_at END "
        "WHERE state_since IS NULL AND state IN ('planned', 'held', 'sent', 'accepted', 'in_doubt')"
    )


def downgrade() -> None:
    op.drop_column('effects', 'state_since')

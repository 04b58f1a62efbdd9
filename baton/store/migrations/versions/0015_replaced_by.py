"""Which run has planned what a replaced one held: by what became of that one it is told whether it was let go."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if 'replaced_by' not in {column['name'] for column in there.get_columns('runs')}:
        op.add_column('runs', sa.Column('replaced_by', sa.Text(), nullable=True))
    # Of what was replaced before this the next decision tells what became of it, or whatever is held by now.
    decided = (
        "SELECT a.run_id FROM approvals a JOIN runs d ON d.id = a.run_id WHERE d.job = runs.job "
        "AND a.decision IN ('release', 'reject') AND a.decided_at > runs.created_at ORDER BY a.decided_at, a.id LIMIT 1"
    )
    held = (
        "SELECT h.id FROM runs h WHERE h.job = runs.job AND h.state = 'held' AND h.created_at > runs.created_at "
        "ORDER BY h.created_at DESC LIMIT 1"
    )
    op.execute(
        f"UPDATE runs SET replaced_by = COALESCE(({decided}), ({held})) "
        "WHERE state = 'replaced' AND job = 'sync' AND replaced_by IS NULL"
    )


def downgrade() -> None:
    op.drop_column('runs', 'replaced_by')

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
    # Of what was replaced before this nobody knows it surely: it counts as let go by nobody.


def downgrade() -> None:
    op.drop_column('runs', 'replaced_by')

"""What asked for a pay run, so that asking again finds it."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_INDEX = 'ix_pay_runs_asked'


def upgrade() -> None:
    # For a while 0004 made the column: what is there already is left as it is.
    there = sa.inspect(op.get_bind())
    if 'asked' not in {column['name'] for column in there.get_columns('pay_runs')}:
        op.add_column('pay_runs', sa.Column('asked', sa.Text(), nullable=True))
    if _INDEX not in {index['name'] for index in there.get_indexes('pay_runs')}:
        op.create_index(op.f(_INDEX), 'pay_runs', ['asked'], unique=True)


def downgrade() -> None:
    op.drop_index(_INDEX, 'pay_runs')
    op.drop_column('pay_runs', 'asked')

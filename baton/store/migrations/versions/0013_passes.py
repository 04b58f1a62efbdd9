"""When the schedule last went by, for the jobs that keep no run where they found nothing to do."""

import time

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('passes',
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('job', 'about', name=op.f('pk_passes')),
    if_not_exists=True)
    # Passes before this were not noted: whoever was at work already is not to be told that there have been none.
    op.get_bind().execute(sa.text(
        "INSERT INTO passes (job, about, at) SELECT '', '', :at WHERE EXISTS (SELECT 1 FROM runs)"
        " AND NOT EXISTS (SELECT 1 FROM passes)"
    ), {'at': time.time_ns() // 1000})


def downgrade() -> None:
    op.drop_table('passes')

"""What a person has rejected about somebody, so that it is not planned again before the source says something new."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if 'rejected_version' not in {column['name'] for column in there.get_columns('links')}:
        op.add_column('links', sa.Column('rejected_version', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('links', 'rejected_version')

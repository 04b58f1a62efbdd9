"""What reconciliations find, kept while it stands, so that people are told; and how each run stood at the last one."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bank_differences',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('weight', sa.Text(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('over_at', sa.BigInteger(), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.Column('person', sa.Text(), server_default='', nullable=False),
    sa.Column('why', sa.Text(), server_default='', nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_bank_differences')),
    if_not_exists=True)
    op.create_index(op.f('ix_bank_differences_system'), 'bank_differences', ['system'], if_not_exists=True)
    op.create_table('pay_comparisons',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('compared', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pay_runs.run_id'], name=op.f('fk_pay_comparisons_run_id_pay_runs')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_pay_comparisons')),
    if_not_exists=True)


def downgrade() -> None:
    op.drop_table('pay_comparisons')
    op.drop_index(op.f('ix_bank_differences_system'), 'bank_differences')
    op.drop_table('bank_differences')

"""Migrations of records, and what is staged for them."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('migrations',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('undoes', sa.Text(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_collection', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('collection', sa.Text(), nullable=False),
    sa.Column('mapping_file', sa.Text(), nullable=False),
    sa.Column('mapping_digest', sa.Text(), nullable=False),
    sa.Column('shape', sa.JSON(), nullable=False),
    sa.Column('waves', sa.JSON(), nullable=False),
    sa.Column('retain_until', sa.BigInteger(), nullable=False),
    sa.Column('purged_at', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_migrations_run_id_runs')),
    sa.ForeignKeyConstraint(['undoes'], ['runs.id'], name=op.f('fk_migrations_undoes_runs')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_migrations'))
    )
    op.create_table('staged',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('row_count', sa.Integer(), nullable=False),
    sa.Column('file_digest', sa.LargeBinary(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_staged_run_id_runs')),
    sa.PrimaryKeyConstraint('run_id', 'stage', 'number', name=op.f('pk_staged'))
    )


def downgrade() -> None:
    op.drop_table('staged')
    op.drop_table('migrations')

"""What a feed said last, line by line, and the indexes that find who has news without looking at everybody."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('told_lines',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('source', name=op.f('pk_told_lines')),
    if_not_exists=True)
    op.create_index('ix_people_versions', 'people', ['number', 'version'], if_not_exists=True)
    op.create_index('ix_people_statuses', 'people', ['source', 'status'], if_not_exists=True)
    op.create_index(op.f('ix_person_indexes_number'), 'person_indexes', ['number'], if_not_exists=True)
    op.create_index('ix_links_planned', 'links', ['system', 'mapping_digest', 'dirty', 'number', 'planned_version'], if_not_exists=True)
    op.create_index('ix_effects_held', 'effects', ['job'],
        sqlite_where=sa.text("state = 'held'"), postgresql_where=sa.text("state = 'held'"), if_not_exists=True)


def downgrade() -> None:
    op.drop_index('ix_effects_held', 'effects')
    op.drop_index('ix_links_planned', 'links')
    op.drop_index(op.f('ix_person_indexes_number'), 'person_indexes')
    op.drop_index('ix_people_statuses', 'people')
    op.drop_index('ix_people_versions', 'people')
    op.drop_table('told_lines')

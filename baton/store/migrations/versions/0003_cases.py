"""Cases of leavers: what they hold, what was said about it, and who has held what since when."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cases',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('policy', sa.Text(), nullable=False),
    sa.Column('department', sa.Text(), nullable=False),
    sa.Column('manager', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('last_working_at', sa.BigInteger(), nullable=True),
    sa.Column('contract_end_at', sa.BigInteger(), nullable=True),
    sa.Column('pay_end_at', sa.BigInteger(), nullable=True),
    sa.Column('checked_at', sa.BigInteger(), nullable=True),
    sa.Column('picture', sa.LargeBinary(), nullable=False),
    sa.Column('completed_at', sa.BigInteger(), nullable=True),
    sa.Column('protected_until', sa.BigInteger(), nullable=True),
    sa.Column('watched_until', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases'))
    )
    op.create_index(op.f('ix_cases_number'), 'cases', ['number'], unique=False)
    op.create_index(op.f('ix_cases_state'), 'cases', ['state'], unique=False)
    op.create_table('alerts',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('raised_at', sa.BigInteger(), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_alerts_case_id_cases')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_alerts')),
    sa.UniqueConstraint('case_id', 'rule', 'event', name=op.f('uq_alerts_case_id_rule_event'))
    )
    op.create_table('case_items',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('item', sa.Integer(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('undo', sa.Text(), nullable=False),
    sa.Column('successor', sa.Text(), nullable=False),
    sa.Column('accepted_version', sa.Integer(), nullable=False),
    sa.Column('accepted_by', sa.Text(), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=False),
    sa.Column('holder_id', sa.Text(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('effect_key', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_items_case_id_cases')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_case_items')),
    sa.UniqueConstraint('case_id', 'system', 'kind', 'external_id', name=op.f('uq_case_items_case_id_system_kind_external_id'))
    )
    op.create_index('ix_case_items_successor', 'case_items', ['successor', 'state'], unique=False)
    op.create_table('personal_links',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_personal_links_case_id_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_personal_links'))
    )
    op.create_index(op.f('ix_personal_links_case_id'), 'personal_links', ['case_id'], unique=False)
    op.create_table('statements',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('item', sa.Integer(), nullable=True),
    sa.Column('item_version', sa.Integer(), nullable=False),
    sa.Column('item_digest', sa.LargeBinary(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_statements_case_id_cases')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_statements'))
    )
    op.create_index(op.f('ix_statements_case_id'), 'statements', ['case_id'], unique=False)
    op.create_table('tenures',
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=True),
    sa.Column('holder', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_tenures_case_id_cases')),
    sa.PrimaryKeyConstraint('system', 'kind', 'external_id', 'turn', name=op.f('pk_tenures'))
    )
    op.create_index(op.f('ix_tenures_holder'), 'tenures', ['holder'], unique=False)
    op.create_table('item_versions',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['key'], ['case_items.key'], name=op.f('fk_item_versions_key_case_items')),
    sa.PrimaryKeyConstraint('key', 'version', name=op.f('pk_item_versions'))
    )

def downgrade() -> None:
    op.drop_table('item_versions')
    op.drop_index(op.f('ix_tenures_holder'), table_name='tenures')
    op.drop_table('tenures')
    op.drop_index(op.f('ix_statements_case_id'), table_name='statements')
    op.drop_table('statements')
    op.drop_index(op.f('ix_personal_links_case_id'), table_name='personal_links')
    op.drop_table('personal_links')
    op.drop_index('ix_case_items_successor', table_name='case_items')
    op.drop_table('case_items')
    op.drop_table('alerts')
    op.drop_index(op.f('ix_cases_state'), table_name='cases')
    op.drop_index(op.f('ix_cases_number'), table_name='cases')
    op.drop_table('cases')

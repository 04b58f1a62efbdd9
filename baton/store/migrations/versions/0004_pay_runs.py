"""Pay runs: lines, files, decisions, what the bank has said about them, and what is claimed back."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bank_files',
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('system', 'name', name=op.f('pk_bank_files'))
    )
    op.create_table('bank_events',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['system', 'name'], ['bank_files.system', 'bank_files.name'], name=op.f('fk_bank_events_system_name_bank_files')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_bank_events')),
    sa.UniqueConstraint('system', 'name', 'position', name=op.f('uq_bank_events_system_name_position'))
    )
    op.create_index(op.f('ix_bank_events_message_id'), 'bank_events', ['message_id'], unique=False)
    op.create_index(op.f('ix_bank_events_reference'), 'bank_events', ['reference'], unique=False)
    op.create_table('pay_runs',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('execution_day', sa.Date(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('report_digest', sa.Text(), nullable=False),
    sa.Column('people_digest', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_pay_runs_run_id_runs')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_pay_runs'))
    )
    op.create_table('pay_files',
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('plain_digest', sa.Text(), nullable=False),
    sa.Column('sealed_digest', sa.Text(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('effect_key', sa.Text(), nullable=False),
    sa.Column('people_digest', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pay_runs.run_id'], name=op.f('fk_pay_files_run_id_pay_runs')),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_pay_files'))
    )
    op.create_index(op.f('ix_pay_files_run_id'), 'pay_files', ['run_id'], unique=False)
    op.create_table('pay_lines',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('claim', sa.Text(), nullable=True),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pay_runs.run_id'], name=op.f('fk_pay_lines_run_id_pay_runs')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_pay_lines')),
    sa.UniqueConstraint('claim', name=op.f('uq_pay_lines_claim')),
    sa.UniqueConstraint('run_id', 'line', name=op.f('uq_pay_lines_run_id_line'))
    )
    op.create_index('ix_pay_lines_message', 'pay_lines', ['message_id', 'state'], unique=False)
    op.create_index(op.f('ix_pay_lines_number'), 'pay_lines', ['number'], unique=False)
    op.create_index(op.f('ix_pay_lines_reference'), 'pay_lines', ['reference'], unique=False)
    op.create_table('pay_signatures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('files', sa.Text(), nullable=False),
    sa.Column('people', sa.Text(), nullable=False),
    sa.Column('report', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pay_runs.run_id'], name=op.f('fk_pay_signatures_run_id_pay_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pay_signatures'))
    )
    op.create_index(op.f('ix_pay_signatures_run_id'), 'pay_signatures', ['run_id'], unique=False)
    op.create_table('pay_waivers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('finding', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['pay_runs.run_id'], name=op.f('fk_pay_waivers_run_id_pay_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pay_waivers'))
    )
    op.create_index(op.f('ix_pay_waivers_run_id'), 'pay_waivers', ['run_id'], unique=False)
    op.create_table('recovery_cases',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_cases')),
    sa.UniqueConstraint('reference', name=op.f('uq_recovery_cases_reference'))
    )
    op.create_index(op.f('ix_recovery_cases_number'), 'recovery_cases', ['number'], unique=False)
    op.create_table('recovery_claims',
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['recovery_cases.id'], name=op.f('fk_recovery_claims_case_id_recovery_cases')),
    sa.PrimaryKeyConstraint('case_id', 'reference', name=op.f('pk_recovery_claims'))
    )
    op.create_index(op.f('ix_recovery_claims_reference'), 'recovery_claims', ['reference'], unique=False)
    op.create_table('recovery_entries',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('money', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['recovery_cases.id'], name=op.f('fk_recovery_entries_case_id_recovery_cases')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_recovery_entries')),
    sa.UniqueConstraint('case_id', 'place', name=op.f('uq_recovery_entries_case_id_place')),
    sa.UniqueConstraint('money', name=op.f('uq_recovery_entries_money'))
    )


def downgrade() -> None:
    op.drop_table('recovery_entries')
    op.drop_index(op.f('ix_recovery_claims_reference'), table_name='recovery_claims')
    op.drop_table('recovery_claims')
    op.drop_index(op.f('ix_recovery_cases_number'), table_name='recovery_cases')
    op.drop_table('recovery_cases')
    op.drop_index(op.f('ix_pay_waivers_run_id'), table_name='pay_waivers')
    op.drop_table('pay_waivers')
    op.drop_index(op.f('ix_pay_signatures_run_id'), table_name='pay_signatures')
    op.drop_table('pay_signatures')
    op.drop_index(op.f('ix_pay_lines_reference'), table_name='pay_lines')
    op.drop_index(op.f('ix_pay_lines_number'), table_name='pay_lines')
    op.drop_index('ix_pay_lines_message', table_name='pay_lines')
    op.drop_table('pay_lines')
    op.drop_index(op.f('ix_pay_files_run_id'), table_name='pay_files')
    op.drop_table('pay_files')
    op.drop_table('pay_runs')
    op.drop_index(op.f('ix_bank_events_reference'), table_name='bank_events')
    op.drop_index(op.f('ix_bank_events_message_id'), table_name='bank_events')
    op.drop_table('bank_events')
    op.drop_table('bank_files')

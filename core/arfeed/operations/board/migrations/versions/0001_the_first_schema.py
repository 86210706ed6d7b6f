"""The first schema."""

import sqlalchemy as sa
from alembic import op

from arfeed.operations.board.tables import APPEND_ONLY

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables, and keep the log append-only."""
    op.create_table(
        "board_audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "board_people",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "board_plans",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("feed", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_board_plans_feed", "board_plans", ["feed"], unique=False)
    op.create_table(
        "board_grants",
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("pattern", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["board_people.name"],
        ),
        sa.PrimaryKeyConstraint("person", "role", "pattern"),
    )
    op.create_table(
        "board_invitations",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["board_people.name"],
        ),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_table(
        "board_jobs",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("feed", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("plan", sa.String(length=24), nullable=True),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("run", sa.String(length=40), nullable=True),
        sa.Column("seen", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan"],
            ["board_plans.id"],
        ),
        sa.ForeignKeyConstraint(
            ["seen"],
            ["board_plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_board_jobs_feed", "board_jobs", ["feed"], unique=False)
    op.create_index("ix_board_jobs_state", "board_jobs", ["state"], unique=False)
    op.create_table(
        "board_sessions",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("form_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["board_people.name"],
        ),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_board_sessions_person", "board_sessions", ["person"], unique=False)
    op.create_table(
        "board_approvals",
        sa.Column("plan", sa.String(length=24), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("job", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["job"],
            ["board_jobs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan"],
            ["board_plans.id"],
        ),
        sa.PrimaryKeyConstraint("plan", "person", "turn"),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)

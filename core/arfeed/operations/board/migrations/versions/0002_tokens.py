"""Tokens of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "board_tokens",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person"],
            ["board_people.name"],
        ),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_board_tokens_person", "board_tokens", ["person"], unique=False)

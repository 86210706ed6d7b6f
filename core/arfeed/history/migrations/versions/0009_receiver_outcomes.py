"""What receivers said became of deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "receiver_outcomes",
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reopens", sa.Boolean(), nullable=False),
        sa.Column("rejected", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["runs.id"]),
        sa.ForeignKeyConstraint(["answered_by"], ["runs.id"]),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index("ix_receiver_outcomes_destination", "receiver_outcomes", ["destination"], unique=False)

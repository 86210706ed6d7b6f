"""Since when plans against a baseline have been refused for what is missing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "refusals",
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("baseline", sa.String(length=400), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("destination"),
    )

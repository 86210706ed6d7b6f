"""Room for a baseline of many runs: each delivery that may have arrived, or was rejected, adds one to its name."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Let both columns take texts of any length."""
    for table in ("refusals", "reconciliations"):
        # By batch, since SQLite changes no column: there the table is made anew.
        with op.batch_alter_table(table) as batch:
            batch.alter_column("baseline", existing_type=sa.String(400), existing_nullable=False, type_=sa.Text())

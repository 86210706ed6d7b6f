"""An index by which the last delivery to a destination is found without looking at all of them."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Put it in the place of the one on destinations alone, which it covers."""
    op.create_index(
        "ix_runs_destination_state_started_at", "runs", ["destination", "state", "started_at"], unique=False
    )
    op.drop_index("ix_runs_destination", table_name="runs")

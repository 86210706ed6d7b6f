"""How somebody approved, where it was not on a page."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("board_approvals", sa.Column("way", sa.String(length=60), nullable=True))

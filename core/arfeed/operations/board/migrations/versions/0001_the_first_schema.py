"""The first schema."""

from alembic import op

from arfeed.operations.board.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables. The second migration must write them out here, as they are today."""
    metadata.create_all(op.get_bind())

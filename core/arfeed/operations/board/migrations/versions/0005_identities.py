"""Who comes by an OpenID provider."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "board_identities",
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["board_people.name"]),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("ix_board_identities_person", "board_identities", ["person"], unique=False)

"""pandas as people write it: `read_sql` in chunks, `to_csv`; nothing is parsed or compared. `URL FOLDER`"""

import sys
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

url, folder = sys.argv[1:]
engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
with (
    engine.connect().execution_options(stream_results=True) as connection,
    Path(folder, "report.csv").open("w") as file,
):
    for number, chunk in enumerate(pd.read_sql("SELECT * FROM invoices", connection, chunksize=50_000)):
        chunk.to_csv(file, index=False, header=number == 0)

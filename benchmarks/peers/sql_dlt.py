"""dlt with its own SQL source over Arrow tables, to a folder as CSV; nothing is compared. `URL FOLDER`"""

import sys
from pathlib import Path

import dlt
from dlt.sources.sql_database import sql_table

url, folder = sys.argv[1], Path(sys.argv[2]).absolute()
dlt.config["normalize.data_writer.disable_compression"] = True
dlt.config["runtime.dlthub_telemetry"] = False
invoices = sql_table(
    url.replace("postgresql://", "postgresql+psycopg://"), table="invoices", backend="pyarrow", chunk_size=50_000
)
target = dlt.destinations.filesystem(folder.as_uri())
pipeline = dlt.pipeline("sql", pipelines_dir=str(folder.parent / "dlt-state"), destination=target)
pipeline.run(invoices, loader_file_format="csv").raise_on_failed_jobs()

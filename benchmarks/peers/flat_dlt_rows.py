"""dlt with its own CSV reader: dicts to a folder as CSV; nothing is parsed or compared. `FILE FOLDER`"""

import sys
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv

file, folder = (Path(name).absolute() for name in sys.argv[1:])
dlt.config["normalize.data_writer.disable_compression"] = True
dlt.config["runtime.dlthub_telemetry"] = False
invoices = filesystem(file.parent.as_uri(), file_glob=file.name) | read_csv(dtype=str, keep_default_na=False)
target = dlt.destinations.filesystem(folder.as_uri())
pipeline = dlt.pipeline("flat_rows", pipelines_dir=str(folder.parent / "dlt-state"), destination=target)
pipeline.run(invoices, table_name="invoices", loader_file_format="csv").raise_on_failed_jobs()

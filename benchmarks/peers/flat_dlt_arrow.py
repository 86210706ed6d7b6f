"""dlt with Arrow tables of text, to a folder as CSV; nothing is parsed or compared. `FILE FOLDER`"""

import sys
from collections.abc import Iterator
from pathlib import Path

import dlt
import pyarrow as pa
import pyarrow.csv

HEADER = "invoice_ref,customer_id,customer_name,customer_email,currency,issued_on,due_on,amount,balance,po_number,memo"

file, folder = (Path(name).absolute() for name in sys.argv[1:])
dlt.config["normalize.data_writer.disable_compression"] = True
dlt.config["runtime.dlthub_telemetry"] = False


@dlt.resource(name="invoices")
def invoices() -> Iterator[pa.Table]:
    types = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(HEADER.split(","), pa.string()))
    yield pyarrow.csv.read_csv(file, convert_options=types)


target = dlt.destinations.filesystem(folder.as_uri())
pipeline = dlt.pipeline("flat_arrow", pipelines_dir=str(folder.parent / "dlt-state"), destination=target)
pipeline.run(invoices(), loader_file_format="csv").raise_on_failed_jobs()

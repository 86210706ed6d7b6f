from __future__ import annotations

from hypothesis import settings

# Arrow loads its kernels on first use, which no deadline of a test can know.
settings.register_profile("arfeed", deadline=None)
settings.load_profile("arfeed")

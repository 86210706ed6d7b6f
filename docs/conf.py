"""The docs as a site; `make site` builds it into build/site, with every warning an error."""

from __future__ import annotations

from importlib.metadata import version as installed

project = "arfeed"
author = "The arfeed maintainers"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name for it
release = version = installed("arfeed")

extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
exclude_patterns = ["plugins/generate.py"]

html_theme = "furo"
html_title = f"arfeed {release}"
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sourcelink = False

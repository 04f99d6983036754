"""How Sphinx builds the site from the sources that `python -m website` has put together."""

from __future__ import annotations

from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "stat4830_grad"
author = "the stat4830_grad authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"

html_theme = "furo"
html_title = project
html_copy_source = False
html_extra_path = [str(Path(__file__).resolve().parents[2] / "build" / "site_sources" / "extra")]
pygments_style, pygments_dark_style = "friendly", "github-dark"

myst_heading_anchors = 4  # a link to a heading, as in the repository
default_role = "code"  # of `names` in docstrings
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"


def setup(app: Sphinx) -> None:
    """Show tables as the plain text that they are: Pygments has no csv."""
    app.add_lexer("csv", TextLexer)

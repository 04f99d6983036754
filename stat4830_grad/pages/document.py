"""The one template of all pages: style sheets, a body, data and scripts in a single file.

The style sheets, bodies and scripts are files of this room, written by hand; nothing of third
parties is in them. The page's policy forbids every request to a network.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{styles}
</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>
"use strict";
{scripts}
</script>
</body>
</html>
"""


def document(
    title: str, data: Any, *, body: str, styles: Sequence[str], scripts: Sequence[str]
) -> str:
    """A page as one text.

    Args:
        title: of the browser's tab.
        data: what the scripts find as JSON in the element `data`.
        body: the file of this room that holds the page's elements.
        styles: files of this room, after those of all pages.
        scripts: files of this room after that of all pages, in the order in which they are run.
    """
    return TEMPLATE.format(
        title=html.escape(title),
        styles="\n".join(map(text_of, ("page.css", *styles))),
        body=text_of(body),
        data=embedded(data),
        scripts="\n".join(map(text_of, ("page.js", *scripts))),
    )


def written(title: str, body: str, *, styles: Sequence[str]) -> str:
    """A page whose elements are written already, and that has no scripts.

    Args:
        body: HTML, in which every text of others is escaped.
        styles: as for `document`.
    """
    sheets = "\n".join(map(text_of, ("page.css", *styles)))
    return TEMPLATE.format(
        title=html.escape(title), styles=sheets, body=body, data="null", scripts=""
    )


def text_of(name: str) -> str:
    """A file of this room."""
    return files(__package__).joinpath(name).read_text("utf-8")


def embedded(data: Any) -> str:
    """JSON that no script element can end early in, whatever texts are in it.

    Raises:
        ValueError: a number is not finite, for which JSON has no notation.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

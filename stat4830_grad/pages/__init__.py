"""From data to HTML: pages of one file each, which need no network and no server."""

from .document import document, written

__all__ = ["document", "written"]

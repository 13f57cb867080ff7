"""Dense pieces of pages, drawn on the server as HTML and SVG whose links open pages at once."""

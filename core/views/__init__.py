"""One module a page or report: what it shows, assembled once for screens, commands and HTTP."""

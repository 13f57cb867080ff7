"""One room per page or report: what it needs, assembled once, for screens, commands and HTTP."""

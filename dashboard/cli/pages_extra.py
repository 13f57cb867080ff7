"""What an install without the extra ``pages`` says where the pages would be needed."""

from __future__ import annotations

#: The modules that come with the extra, by the names under which they are loaded.
MODULES = frozenset(
    {
        "altair",
        "authlib",
        "httptools",
        "itsdangerous",
        "prometheus_client",
        "starlette",
        "streamlit",
        "uvicorn",
        "vl_convert",
    }
)

WHAT_TO_INSTALL = (
    "The dashboard, its server and reports are not installed: "
    "pip install 'calibration-ledger[pages]' adds them, from a checkout pip install -e '.[pages]'."
)


def lacks_pages(error: ModuleNotFoundError) -> bool:
    """Whether what could not be loaded comes with the extra."""
    return (error.name or "").partition(".")[0] in MODULES

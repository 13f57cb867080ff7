"""Pure statistics: cells in, frozen dataclasses out. numpy and scipy only, no I/O."""

"""What every query is made of: selections, dimensions, cells, which labels count as truth."""

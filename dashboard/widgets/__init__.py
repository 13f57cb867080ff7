"""Pieces that several pages share: filters, badges, tables, links, empty states."""

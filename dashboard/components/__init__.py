"""Pieces that several pages share: filters, badges, tables, empty states."""

"""The sample that ships with the product: a support desk's logged confidences."""

from sample_data.shift import sample_files, shifted_copies

__all__ = ["sample_files", "shifted_copies"]

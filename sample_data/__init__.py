"""The sample that ships with the product: a support desk's confidences and its governance."""

from sample_data.shift import SAMPLE_END, sample_files, shifted_copies, whole_weeks_to
from sample_data.story import tell

__all__ = ["SAMPLE_END", "sample_files", "shifted_copies", "tell", "whole_weeks_to"]

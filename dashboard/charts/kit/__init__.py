"""What charts are drawn with: palette, axes, labels, alternative text."""

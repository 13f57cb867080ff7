"""Commands that bring claims, labels and hand-offs in, or read them where they lie."""

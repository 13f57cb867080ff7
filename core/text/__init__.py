"""Small pieces of text: numbers, logged names as people may see them, parts of a verdict."""

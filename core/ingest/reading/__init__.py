"""What a file holds, as records that SQL can scan, whatever its format."""

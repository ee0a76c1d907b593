"""minirag."""

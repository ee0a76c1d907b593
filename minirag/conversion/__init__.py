"""Checkpoints as they were published, in any of their files → folders that open as they are."""

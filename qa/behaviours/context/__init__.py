"""Behaviours told from the turns around: one file each, named like its card."""

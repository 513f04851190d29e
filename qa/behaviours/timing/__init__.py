"""Behaviours told from who speaks when: one file each, named like its card."""

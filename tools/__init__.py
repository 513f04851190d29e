"""Makers of what the project ships: recordings, models, pictures, catalogues."""

"""Trains the sentence encoder that reads turns for behaviours (torch; not needed to run the product)."""

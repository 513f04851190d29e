"""Streamlit pages: one file each, with one function ``page``: ask who is there, one query, draw.

To add one: a file here and a line in :mod:`qa.web.navigation`. Every page function and every fragment begins
with ``identity.current_principal()``. What was said in a call goes to the screen as text, never as HTML.
"""

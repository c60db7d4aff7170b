"""Titles and strings as they are compared: what makes two titles the same, and many phrases sought
in one text at once.
"""

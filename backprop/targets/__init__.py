"""Targets of the checker: anybody's code brought to one form, passes from the same state."""

"""Runs logged to trackers: live, row by row, or later from what they left. The same code does both.

Each tracker is a module here with two functions, `has` and `begin`; it alone imports its library.
"""

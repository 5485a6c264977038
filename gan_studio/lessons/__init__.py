"""Lessons and presets: data, not code."""

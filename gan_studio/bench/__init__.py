"""Measurements of speed, memory and quality over time: one part a module, each with one function ``measure``.

``gan-studio bench`` puts them together. Every part takes a :class:`gan_studio.bench.plan.Plan` and returns plain data:
``{"rows": [...], "notes": [...]}``, where a row is a dictionary of texts, numbers and spreads
(:func:`gan_studio.bench.timing.spread`), and all rows of a part have the same keys.
"""

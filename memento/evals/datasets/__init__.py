"""Datasets: each loader turns what lies on disk into the same frozen values (items.py)."""

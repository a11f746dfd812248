"""Memento: a library of agent skills that lives in git, and an agent that improves it."""

__version__ = "0.1.0"

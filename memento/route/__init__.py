"""Read: pick the skill that a request is about, or say that none fits."""

from memento.route.router import Candidate, Explanation, TantivyRouter

__all__ = ["Candidate", "Explanation", "TantivyRouter"]

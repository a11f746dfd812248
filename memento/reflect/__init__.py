"""Judge, attribution, tips: what became of an attempt, why, and what is worth remembering."""

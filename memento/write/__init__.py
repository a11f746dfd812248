"""Charter, exam, rewrite: three roles that do not see each other's work."""

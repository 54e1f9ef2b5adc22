"""Second stage: formula crop to LaTeX."""

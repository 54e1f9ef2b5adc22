"""How fast the stages and the chain are, and how much memory they take."""

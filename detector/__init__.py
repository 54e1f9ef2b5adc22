"""First stage: page image to formula regions."""

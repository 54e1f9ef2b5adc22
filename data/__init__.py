"""Contracts, images, boxes, canonical LaTeX, synthesis, data sets and their checks. Imports no model."""

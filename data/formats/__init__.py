"""Loaders for the data sets that people already have."""

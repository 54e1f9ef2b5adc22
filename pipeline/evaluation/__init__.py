"""Measuring models on a set with known answers: runs, scores and reports."""

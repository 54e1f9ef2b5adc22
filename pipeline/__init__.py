"""Page image to report: both stages chained, the command line, evaluation and training entry points."""

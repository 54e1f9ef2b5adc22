"""Training material typeset by TeX: formula shards and page shards."""

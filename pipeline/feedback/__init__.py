"""Corrections of users: kept in a store, reported on, exported as data sets for the next training."""

"""The demonstration county: loaded when the database is empty, never in production."""

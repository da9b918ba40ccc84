"""Places: villages, cooperatives, farmers."""

"""Village Live Shop: from a pinned product, through its lot, to a household's income."""

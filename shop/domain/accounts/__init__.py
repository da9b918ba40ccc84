"""People: sign-in, roles, addresses, agreements."""

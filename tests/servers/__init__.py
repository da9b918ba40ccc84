"""Real servers for tests: PostgreSQL, Valkey, the shop itself and a browser."""

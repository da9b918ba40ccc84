"""Live sessions, their items, pins, events and comments."""

"""What leaves and what comes in, at least once, applied once."""

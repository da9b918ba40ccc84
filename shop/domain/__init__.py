"""The subjects, one folder each; none imports another."""

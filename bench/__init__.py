"""Benchmarks with their baselines: every figure is a ratio inside one run."""

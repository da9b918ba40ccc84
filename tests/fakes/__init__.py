"""Providers that the tests own."""

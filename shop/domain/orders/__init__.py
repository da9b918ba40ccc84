"""Carts and orders, from placing to completion."""

"""Payments and refunds, and the door to those who move the money."""

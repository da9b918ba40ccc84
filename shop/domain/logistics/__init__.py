"""Freight, regions, shipments, and the door to couriers."""

"""Intake, packing, lots, stock and holds."""

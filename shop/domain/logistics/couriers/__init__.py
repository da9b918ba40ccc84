"""The door to carriers: what they report, in the shop's own words."""

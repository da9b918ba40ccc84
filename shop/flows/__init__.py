"""The list of what the shop can do; transactions begin and end here."""

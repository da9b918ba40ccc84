"""The ground: plain Python that every subject stands on."""

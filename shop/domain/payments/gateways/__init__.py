"""The payment door: one Protocol (``base``) and its adapters (``sandbox``, ``stripe``)."""

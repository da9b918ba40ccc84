"""The demo county's pictures, one function each."""

"""`arfeed fleet`: many feeds on many machines."""

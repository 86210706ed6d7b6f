"""A simulator of ordinary business and of what happens to reports, by which the guards are measured."""

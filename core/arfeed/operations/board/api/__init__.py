"""The board for programs: the same rights and the same facts as its pages, by tokens, as JSON."""

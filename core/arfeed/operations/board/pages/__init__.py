"""The pages of the board that people see."""

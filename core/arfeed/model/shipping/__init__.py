"""What destinations of contract 2 are made of: files in order, and the class that lays them out."""

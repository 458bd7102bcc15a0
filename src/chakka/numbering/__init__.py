"""What a number is: class, charge area, prefecture, region of any Japanese or foreign calling number."""

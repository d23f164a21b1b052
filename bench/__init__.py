"""What one check costs, measured on the product's real processes: `make bench`."""

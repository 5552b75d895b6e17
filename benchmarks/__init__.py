"""Generated gradients against those that an expert writes by hand, and what generating costs."""

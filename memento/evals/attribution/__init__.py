"""Attribution, measured: known faults put into real runs, and who is blamed for them."""

"""What the command ``unitvoice`` does with recordings and model folders."""

"""What kubectl says to a credential plugin, and what it expects to hear."""

"""What an audit does: tries conventions, judges how they fit, finds what cannot be meant."""

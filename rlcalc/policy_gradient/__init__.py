"""The policy gradient: exact, estimated from episodes, and followed uphill."""

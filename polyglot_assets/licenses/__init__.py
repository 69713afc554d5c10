"""Licenses: what they allow, what a mix of them comes to, and which of them a release may hold."""
